/** What a runtime says of itself: asked until it has answered, not more often than is useful. */
import { messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";
import type { RuntimeFeatures } from "./runtime.ts";

const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 600_000;

/** A runtime that is too old to answer fails each time, one that is broken or about to be replaced only for a while. */
export class KnownFeatures {
  readonly #handler: string;
  readonly #ask: () => Promise<RuntimeFeatures>;
  #answer: Promise<RuntimeFeatures | undefined> | undefined;
  /** It is not asked again before, in the milliseconds of performance.now(). */
  #pausedUntil = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #said = "";

  /** `handler` is the runtime's name for the log. */
  constructor(handler: string, ask: () => Promise<RuntimeFeatures>) {
    this.#handler = handler;
    this.#ask = ask;
  }

  /** Undefined where the runtime has not told. */
  get(): Promise<RuntimeFeatures | undefined> {
    if (!this.#answer || performance.now() > this.#pausedUntil) {
      this.#pausedUntil = Number.POSITIVE_INFINITY;
      this.#answer = this.#ask().catch((error) => this.#failed(messageOf(error)));
    }
    return this.#answer;
  }

  #failed(error: string): undefined {
    this.#pausedUntil = performance.now() + this.#pauseMs;
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
    if (error !== this.#said)
      log.warn("a runtime does not tell its features", { handler: this.#handler, error });
    this.#said = error;
    return undefined;
  }
}
