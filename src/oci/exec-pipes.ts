/** Reaches the command of an exec by pipes. */
import { closeSync, fchownSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import type { Stdio } from "../linux/child-process.ts";
import { enlargePipe, openPipe } from "../linux/pipe.ts";
import { PipeOutput } from "../linux/pipe-output.ts";
import type { Owner } from "../linux/user-namespace.ts";
import type { Wiring } from "./exec-wiring.ts";
import type { ProcessStreams } from "./streams.ts";

const STDIN_BYTES = 1 << 20;
const STDIO_COUNT = 3;

/** Wires each stream that the client asked for with a pipe of the command's, the others with /dev/null. */
export class PipeWiring implements Wiring {
  readonly stdio: Stdio[] = [];
  readonly drained: Promise<unknown>;
  readonly #theirs: number[] = [];
  readonly #outputs: PipeOutput[] = [];
  readonly #stdin: Socket | undefined;
  readonly #owner: Owner | undefined;

  /** `owner` gets the pipes, where they must not be the daemon's. */
  constructor({ stdin, stdout, stderr }: ProcessStreams, owner?: Owner) {
    this.#owner = owner;
    try {
      this.#stdin = stdin && this.#input(stdin);
      if (!stdin) this.stdio.push("ignore");
      for (const target of [stdout, stderr]) this.#output(target);
    } catch (error) {
      this.close();
      throw error;
    }
    this.drained = Promise.all(this.#outputs.map(({ ended }) => ended));
  }

  handedOver(): void {
    for (const fd of this.#theirs.splice(0)) closeSync(fd);
  }

  connect(): void {
    // It is, from the beginning.
  }

  endWhenQuiet(quietMs: number): void {
    for (const output of this.#outputs) output.endWhenQuiet(quietMs);
  }

  hangUp(): void {
    this.#stdin?.destroy();
    for (const output of this.#outputs) output.discard();
  }

  close(): void {
    this.handedOver();
    this.#stdin?.destroy();
    for (const output of this.#outputs) output.close();
  }

  #input(source: Readable): Socket {
    const { reading, writing } = openPipe(STDIO_COUNT);
    enlargePipe(writing, STDIN_BYTES);
    this.#give(reading);
    const socket = new Socket({ fd: writing, readable: false, writable: true });
    feed(source, socket);
    return socket;
  }

  #output(target: Writable | undefined): void {
    if (!target) {
      this.stdio.push("ignore");
      return;
    }
    const { reading, writing } = openPipe(STDIO_COUNT);
    this.#give(writing);
    this.#outputs.push(new PipeOutput(reading, target));
  }

  #give(fd: number): void {
    this.#theirs.push(fd);
    if (this.#owner) fchownSync(fd, this.#owner.uid, this.#owner.gid);
    this.stdio.push({ fd });
  }
}

/** A program that does not read its input, or closes it, is no error: what the client still sends is dropped. */
function feed(source: Readable, target: Socket): void {
  source.pipe(target);
  // One that is reset does not end.
  source.once("close", () => target.end());
  target.on("error", () => {});
  target.once("close", () => {
    source.unpipe(target);
    source.resume();
  });
}
