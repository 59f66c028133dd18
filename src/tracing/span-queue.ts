/** Spans that ended, until the collector has them: so many at most, sent in the background, batch by batch. */
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace";
import { messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";

/** Sends spans somewhere. */
export interface SpanSender {
  /** Resolves when they have arrived; rejects after `timeoutMs` at the latest. */
  send(spans: readonly ReadableSpan[], timeoutMs: number): Promise<void>;
  /** Whether spans that were refused with this error may pass later. */
  mayRetry(error: unknown): boolean;
  close(): void;
}

export interface SpanQueueOptions {
  /** Spans kept at most; what ends beyond is dropped. */
  capacity?: number;
  /** Spans a batch. They are encoded at once, and must not hold up an RPC. */
  batch?: number;
  /** For how long spans are gathered, and after a failure for how long the next try waits, at first and at most. */
  delayMs?: number;
  maxDelayMs?: number;
  /** For how long the collector may take. */
  timeoutMs?: number;
  /** For how long the end waits for it. */
  shutdownMs?: number;
}

const defaults: Required<SpanQueueOptions> = {
  capacity: 2048,
  batch: 64,
  delayMs: 1000,
  maxDelayMs: 30_000,
  timeoutMs: 10_000,
  shutdownMs: 2000,
};

export class SpanQueue implements SpanProcessor {
  readonly #sender: SpanSender;
  readonly #options: Required<SpanQueueOptions>;
  readonly #spans: ReadableSpan[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<boolean> | undefined;
  #failures = 0;
  #dropped = 0;
  #closed = false;

  constructor(sender: SpanSender, options: SpanQueueOptions = {}) {
    this.#sender = sender;
    this.#options = { ...defaults, ...options };
  }

  /** Spans that wait. */
  get length(): number {
    return this.#spans.length;
  }

  /** Spans lost since the collector was last reached. */
  get dropped(): number {
    return this.#dropped;
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (this.#closed) return;
    if (this.#spans.length >= this.#options.capacity) {
      this.#drop(1);
      return;
    }
    this.#spans.push(span);
    this.#schedule();
  }

  /** Sends what is there; gives up at the first failure. */
  async forceFlush(timeoutMs = this.#options.timeoutMs): Promise<void> {
    const end = performance.now() + timeoutMs;
    await this.#sending;
    for (let left = timeoutMs; this.#spans.length > 0 && left > 0; left = end - performance.now()) {
      if (!(await this.#send(left))) return;
    }
  }

  /** Sends what is there as far as that goes in the time set for it, and takes no more. */
  async shutdown(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, this.#options.shutdownMs);
    await Promise.race([this.forceFlush(this.#options.shutdownMs), patience.promise]);
    clearTimeout(timer);
    this.#dropped += this.#spans.splice(0).length;
    this.#sender.close();
    if (this.#dropped > 0) log.warn("spans were lost", { spans: this.#dropped });
  }

  #schedule(): void {
    if (this.#timer || this.#sending || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#send(this.#options.timeoutMs).then(() => this.#spans.length > 0 && this.#schedule());
    }, this.#delay()).unref();
  }

  #delay(): number {
    const { batch, delayMs, maxDelayMs } = this.#options;
    if (this.#failures > 0) return Math.min(maxDelayMs, delayMs * 2 ** (this.#failures - 1));
    return this.#spans.length >= batch ? 0 : delayMs;
  }

  /** One batch at a time: who comes meanwhile waits for the one under way. */
  #send(timeoutMs: number): Promise<boolean> {
    this.#sending ??= this.#sendBatch(timeoutMs).finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  /** Whether the first of the queue have arrived; they leave it then, or when they never will. */
  async #sendBatch(timeoutMs: number): Promise<boolean> {
    const spans = this.#spans.slice(0, this.#options.batch);
    try {
      await this.#sender.send(spans, timeoutMs);
      this.#spans.splice(0, spans.length);
      this.#succeeded();
      return true;
    } catch (error) {
      if (this.#failures++ === 0) log.warn("traces cannot be exported", { error: messageOf(error) });
      if (!this.#sender.mayRetry(error)) this.#drop(this.#spans.splice(0, spans.length).length);
      return false;
    }
  }

  #succeeded(): void {
    if (this.#failures > 0 || this.#dropped > 0)
      log.info("traces are exported again", { lost: this.#dropped });
    this.#failures = 0;
    this.#dropped = 0;
  }

  #drop(spans: number): void {
    if (spans > 0 && this.#dropped === 0) log.warn("spans are dropped until the collector takes more");
    this.#dropped += spans;
  }
}
