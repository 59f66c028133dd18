/**
 * Makes one carriage return of two before a newline. runc has the outer of its two terminals make CR LF of newlines and switches
 * that off in the inner one, but at a moment when the command may have written its first lines already. */
import { Transform, type TransformCallback } from "node:stream";

const CR = 13;
const DOUBLE = "\r\r\n";
const returned = Buffer.of(CR);

/** Passes on a terminal's output without doubled carriage returns. */
export class CarriageReturns extends Transform {
  /** What cannot be passed on before it is known what follows: a second carriage return, after one that was. */
  #held = false;
  #last = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const seam = this.#held ? [returned, returned] : this.#last === CR ? [returned] : [];
    const passed = this.#last === CR ? 1 : 0;
    const text = collapse(Buffer.concat([...seam, chunk]));
    this.#held = text.length > 1 && text.at(-1) === CR && text.at(-2) === CR;
    this.#last = text.at(-1) ?? 0;
    done(null, text.subarray(passed, this.#held ? -1 : undefined));
  }

  override _flush(done: TransformCallback): void {
    done(null, this.#held ? returned : undefined);
  }
}

function collapse(text: Buffer): Buffer {
  const parts: Buffer[] = [];
  let begin = 0;
  for (let at = text.indexOf(DOUBLE); at !== -1; at = text.indexOf(DOUBLE, begin)) {
    parts.push(text.subarray(begin, at));
    begin = at + 1;
  }
  return parts.length === 0 ? text : Buffer.concat([...parts, text.subarray(begin)]);
}
