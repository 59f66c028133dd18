/** What the daemon has promised its client: what was answered before the power went must hold after it. */

/** `asked` and `leaving`: a call was under way when the power went, so both outcomes are right. */
export type Standing = "asked" | "there" | "leaving" | "gone";

export interface Promised {
  standing: Standing;
  /** When the last answer came, in ms as `performance.now` has it. */
  answeredAt: number;
}

export interface PromisedContainer extends Promised {
  name: string;
  id: string;
  /** What an `ExecSync` that ended well has written and flushed in it. */
  kept: string | undefined;
  /** Whether a StartContainer was answered. */
  started: boolean;
}

export interface PromisedPod extends Promised {
  name: string;
  id: string;
  containers: PromisedContainer[];
}

/** The kinds of answers, as they come. */
export type Answer = "image" | "image removed" | "pod" | "container" | "start" | "pod removed";

/** A ledger as JSON. */
export interface SavedLedger {
  pods: PromisedPod[];
  images: [reference: string, image: Promised][];
}

/** Work that the power cut has ended: nobody is to blame. */
export class PowerGone extends Error {}

export class Ledger {
  readonly pods: PromisedPod[] = [];
  /** By reference. */
  readonly images = new Map<string, Promised>();
  readonly #listeners: ((answer: Answer) => void)[] = [];
  #closed = false;

  /** When the power went; nothing counts as answered after that. */
  closedAt = 0;

  get closed(): boolean {
    return this.#closed;
  }

  /** Nothing is answered any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.closedAt = performance.now();
  }

  /** Calls `listener` at every answer, before anything else is done with it. */
  onAnswer(listener: (answer: Answer) => void): void {
    this.#listeners.push(listener);
  }

  /** What `call` answers. Rejects with PowerGone once the power is gone, however it ends. */
  async before<T>(call: Promise<T>): Promise<T> {
    const outcome = await call.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    if (this.#closed) throw new PowerGone();
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  /** Puts down that what was asked for is answered now. */
  settle(promised: Promised, standing: Standing, answer: Answer): void {
    promised.standing = standing;
    promised.answeredAt = performance.now();
    for (const listener of this.#listeners) listener(answer);
  }

  /** What was promised, for another boot; times are before the power went. */
  toJSON(): SavedLedger {
    const aged = <P extends Promised>(promised: P): P => ({
      ...promised,
      answeredAt: promised.answeredAt - this.closedAt,
    });
    return {
      pods: this.pods.map((pod) => ({ ...aged(pod), containers: pod.containers.map(aged) })),
      images: [...this.images].map(([reference, promised]) => [reference, aged(promised)]),
    };
  }

  /** The ledger of a boot whose power is gone. */
  static from({ pods, images }: SavedLedger): Ledger {
    const ledger = new Ledger();
    ledger.#closed = true;
    ledger.pods.push(...pods);
    for (const [reference, promised] of images) ledger.images.set(reference, promised);
    return ledger;
  }

  /** The image of a reference, as far as it is known. */
  image(reference: string): Promised {
    const known = this.images.get(reference) ?? { standing: "gone" as const, answeredAt: 0 };
    this.images.set(reference, known);
    return known;
  }
}
