/** The daemon's side of one unpack worker, which has several lanes: while one waits for bytes, another has the thread. */
import { MessageChannel, Worker } from "node:worker_threads";
import { UnpackLane } from "./unpack-lane.ts";
import type { LaneOpening } from "./unpack-messages.ts";

// The worker's file ends as this one does: .ts in the checkout, .js in dist.
const workerUrl = new URL(import.meta.url.replace(/unpack-thread(\.[jt]s)$/, "unpack-worker$1"));

export class UnpackThread {
  readonly #worker = new Worker(workerUrl, { name: "unpack" });
  readonly #lanes: UnpackLane[] = [];
  #lost: Error | undefined;

  constructor() {
    this.#worker.on("error", (error) => this.#lose(error));
    this.#worker.on("exit", (code) => this.#lose(new Error(`the unpack worker ended with code ${code}`)));
    this.#worker.unref();
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** Opens one more lane. */
  open(): UnpackLane {
    const { port1, port2 } = new MessageChannel();
    const lane = new UnpackLane(port1);
    const opening: LaneOpening = { port: port2, slots: lane.memory };
    this.#worker.postMessage(opening, [port2]);
    this.#lanes.push(lane);
    if (this.#lost) lane.lose(this.#lost);
    return lane;
  }

  /** Ends the thread; tasks under way are rejected. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #lose(error: Error): void {
    this.#lost ??= error;
    for (const lane of this.#lanes) lane.lose(this.#lost);
  }
}
