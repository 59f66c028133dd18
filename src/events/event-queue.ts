/** The events that one reader has yet to read: bounded, for a reader may never read them. */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../cri/status-error.ts";

export interface QueueBounds {
  /** Events that may wait. */
  count: number;
  /** And the bytes they may have. */
  bytes: number;
}

/** A node that is drained has some thousand events in a minute, of some thousand bytes each. */
const defaultBounds: QueueBounds = { count: 4096, bytes: 16 * 1024 * 1024 };

/** Takes encoded events and gives them out in order, to one who iterates. Past its bounds it forgets them and fails. */
export class EventQueue implements AsyncIterable<Buffer> {
  readonly #bounds: QueueBounds;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #failure: Error | undefined;
  #lost = 0;
  #wake = (): void => {};

  constructor(bounds = defaultBounds) {
    this.#bounds = bounds;
  }

  /** Whether it takes no more. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** How many events waited when it failed. */
  get lost(): number {
    return this.#lost;
  }

  push(event: Buffer): void {
    if (this.#failure) return;
    this.#waiting.push(event);
    this.#bytes += event.length;
    const { count, bytes } = this.#bounds;
    // One alone may be as large as it likes.
    if (this.#waiting.length > count || (this.#bytes > bytes && this.#waiting.length > 1)) {
      this.fail(
        new StatusError(
          status.RESOURCE_EXHAUSTED,
          `events are not read as fast as they come: ${this.#waiting.length} (${this.#bytes} bytes) wait; list anew, then ask for events anew`,
        ),
      );
    }
    this.#wake();
  }

  /** Ends it with an error, for events that wait as well. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#lost += this.#waiting.length;
    this.#waiting = [];
    this.#bytes = 0;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    for (;;) {
      if (this.#failure) throw this.#failure;
      const event = this.#waiting.shift();
      if (event) {
        this.#bytes -= event.length;
        yield event;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
