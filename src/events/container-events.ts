/** The readers of GetContainerEvents: each is told every event, in order, from the moment it asks. */
import { log } from "../log.ts";
import { tellIncident } from "../observation.ts";
import { EventQueue, type QueueBounds } from "./event-queue.ts";

export interface ContainerEventsOptions {
  /** How much one reader may leave unread; by default 4,096 events, or 16 MiB. */
  bounds?: QueueBounds;
  /** How long what has happened since the beginning is kept for the first reader; a minute by default. */
  patienceMs?: number;
}

/**
 * Hands events to their readers. What happens at first, during recovery and until the readers of the daemon before have come back,
 * is kept for the first of them. After that events cost nothing while nobody reads.
 */
export class ContainerEvents {
  readonly #bounds: QueueBounds | undefined;
  readonly #readers = new Set<EventQueue>();
  #first: EventQueue | undefined;

  constructor({ bounds, patienceMs = 60_000 }: ContainerEventsOptions = {}) {
    this.#bounds = bounds;
    const first = new EventQueue(bounds);
    this.#first = first;
    this.#readers.add(first);
    setTimeout(() => this.#forgetFirst(), patienceMs).unref();
  }

  /** Whether an event would be told to anybody. */
  get awaited(): boolean {
    return this.#readers.size > 0;
  }

  /** Tells all readers of an encoded event. */
  tell(event: Buffer): void {
    for (const reader of this.#readers) {
      reader.push(event);
      if (!reader.failed) continue;
      this.#readers.delete(reader);
      if (reader === this.#first) this.#first = undefined;
      else dropped(reader);
    }
  }

  /** The events from now on, until `signal` is aborted. Fails with RESOURCE_EXHAUSTED when too many are left unread. */
  read(signal: AbortSignal): AsyncIterable<Buffer> {
    const queue = this.#first ?? new EventQueue(this.#bounds);
    this.#first = undefined;
    this.#readers.add(queue);
    const leave = () => {
      this.#readers.delete(queue);
      queue.fail(signal.reason);
    };
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave, { once: true });
    return queue;
  }

  #forgetFirst(): void {
    if (this.#first) this.#readers.delete(this.#first);
    this.#first = undefined;
  }
}

function dropped({ lost }: EventQueue): void {
  log.warn("a reader of events is dropped: it does not read as fast as they come", { lost });
  tellIncident("events.dropped", { count: lost });
}
