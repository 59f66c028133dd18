/** A client that behaves, beside those that do not: it asks all the time, and must be answered. */
import { setTimeout as sleep } from "node:timers/promises";
import { CriClient } from "../../../src/client/cri-client.ts";

/** An answer that takes longer is none: the daemon was held up. */
const patienceMs = 10_000;

export class Neighbour {
  readonly #client: CriClient;
  readonly #failures: string[] = [];
  readonly #running: Promise<void>;
  #stopped = false;
  answers = 0;
  slowestMs = 0;

  constructor(socket: string) {
    this.#client = new CriClient(socket);
    this.#running = this.#ask();
  }

  /** Ends it, and fails where one of its calls did. */
  async finish(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    this.#client.close();
    if (this.#failures.length > 0)
      throw new Error(`${this.#failures.length} failures beside: ${this.#failures[0]}`);
    if (this.answers === 0) throw new Error("no answer beside");
  }

  async #ask(): Promise<void> {
    while (!this.#stopped) {
      const began = performance.now();
      await this.#client.runtime.ListPodSandbox({}, { timeout: patienceMs }).then(
        () => this.answers++,
        (error: Error) => this.#failures.push(error.message),
      );
      this.slowestMs = Math.max(this.slowestMs, performance.now() - began);
      await sleep(20);
    }
  }
}
