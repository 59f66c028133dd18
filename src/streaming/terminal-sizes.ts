/** The sizes of a client's terminal, from the JSON objects of a resize stream: {"Width":80,"Height":24}. */
import type { TerminalSize } from "./session.ts";

/** Far more than one object has; a client that sends more without a brace is not sending sizes. */
const LONGEST_OBJECT = 1024;
const LARGEST = 0xffff;

/** Reads the objects, however they are split and joined on the way, and passes on the sizes that a terminal can have. */
export class TerminalSizes {
  #rest = "";
  #latest: TerminalSize | undefined;
  #listener: ((size: TerminalSize) => void) | undefined;

  /** Calls back with each new size, and at once with one that came before. */
  onResize(listener: (size: TerminalSize) => void): void {
    this.#listener = listener;
    if (this.#latest) listener(this.#latest);
  }

  /** The next bytes of the stream. @throws Error for what is no sequence of sizes. */
  feed(chunk: Buffer): void {
    const objects = (this.#rest + chunk.toString("latin1")).split("}");
    this.#rest = objects.pop() ?? "";
    for (const object of objects) this.#announce(parse(`${object}}`));
    if (this.#rest.length > LONGEST_OBJECT) {
      this.#rest = "";
      throw new Error(`no terminal size within ${LONGEST_OBJECT} bytes`);
    }
  }

  #announce(size: TerminalSize): void {
    const possible = (side: number) => Number.isInteger(side) && side > 0 && side <= LARGEST;
    if (!possible(size.width) || !possible(size.height)) return;
    this.#latest = size;
    this.#listener?.(size);
  }
}

function parse(text: string): TerminalSize {
  const shown = () => JSON.stringify(text.slice(0, 100));
  let object: Record<string, unknown>;
  try {
    object = JSON.parse(text);
  } catch {
    throw new Error(`${shown()} is no terminal size`);
  }
  // Go reads names in any case, so clients may write them in any.
  const { width, height } = Object.fromEntries(
    Object.entries(object).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return { width: Number(width), height: Number(height) };
}
