/** A time limit for input: Node runs timers before it reads, so after a busy second a limit would be over with the input unread. */

/** Calls back once so long has passed, and what had come by then has been read. */
export class Patience {
  readonly #timer: NodeJS.Timeout;
  #read: NodeJS.Immediate | undefined;

  constructor(milliseconds: number, callback: () => void) {
    this.#timer = setTimeout(() => {
      this.#read = setImmediate(callback);
    }, milliseconds);
  }

  /** Begins anew, also where it has called back. */
  refresh(): void {
    clearImmediate(this.#read);
    this.#timer.refresh();
  }

  cancel(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#read);
  }
}
