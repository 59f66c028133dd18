/** Shows a pull on a terminal, where a line a layer is renewed in place, or elsewhere as two lines of text. */
import type { LayerProgress } from "./image-pull.ts";

/** Where progress is written: a stream that may be a terminal. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export class PullProgress {
  readonly #output: ProgressOutput;
  #image = "";
  #began = 0;
  #over = true;
  #shown = 0;

  constructor(output: ProgressOutput) {
    this.#output = output;
  }

  begin(image: string): void {
    this.#image = image;
    this.#began = performance.now();
    this.#over = false;
    this.#shown = 0;
    this.#output.write(`pulling ${image}\n`);
  }

  /** An answer that comes after the pull's end is too late to be shown. */
  update(layers: LayerProgress[]): void {
    if (this.#over || !this.#output.isTTY || layers.length === 0) return;
    this.#clear();
    this.#output.write(layers.map((layer) => `${layerLine(layer)}\n`).join(""));
    this.#shown = layers.length;
  }

  /** `size` is the image's, in bytes. */
  end(size: number): void {
    this.#over = true;
    this.#clear();
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(1);
    this.#output.write(`pulled ${this.#image}, ${megabytes(size)} MB in ${seconds} s\n`);
  }

  fail(): void {
    this.#over = true;
    this.#clear();
  }

  /** Takes the layers' lines away, the cursor to where they began. */
  #clear(): void {
    if (this.#shown > 0) this.#output.write(`\x1b[${this.#shown}F\x1b[J`);
    this.#shown = 0;
  }
}

function layerLine({ digest, size, downloaded, state }: LayerProgress): string {
  const name = digest.replace(/^sha256:/, "").slice(0, 12);
  return `  ${name}  ${megabytes(downloaded).padStart(7)} of ${megabytes(size).padStart(7)} MB  ${state}`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
