/** The WebSocket of one session: messages with back-pressure both ways, and every way in which it can close. */
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { closeCode, MalformedMessage } from "./malformed-message.ts";

/** How often a client that is held back hears from us, in ms: client-go gives up after 61 s without a pong. */
const reassurancePeriod = 5_000;
/** What a client gets to answer our close frame when the session has failed already, in ms. */
const farewellTimeout = 2_000;
/** RFC 6455, section 5.5: a control frame has 125 bytes, of which the close code takes two. */
const longestReason = 123;

type Receiver = (message: Buffer, isText: boolean) => void;

/** Made while ws accepts the client; what takes its messages has to be set before the next turn of the event loop. */
export class Connection {
  /** Resolves when the socket is closed. */
  readonly closed: Promise<void>;
  readonly #ws: WebSocket;
  readonly #socket: Duplex;
  readonly #gone = new AbortController();
  readonly #full = new Set<object>();
  #receive: Receiver | undefined;
  #failure: Error | undefined;
  #farewell: NodeJS.Timeout | undefined;

  /** `signal` aborts when the connection must close, whatever goes on. */
  constructor(ws: WebSocket, socket: Duplex, signal: AbortSignal) {
    this.#ws = ws;
    this.#socket = socket;
    const leave = () => this.#leave(closeCode.goingAway, "the server ends this session");
    const reassurance = setInterval(() => this.#reassure(), reassurancePeriod).unref();
    this.closed = new Promise((resolve) => {
      ws.once("close", () => {
        clearInterval(reassurance);
        clearTimeout(this.#farewell);
        signal.removeEventListener("abort", leave);
        this.#gone.abort();
        resolve();
      });
    });
    ws.on("message", (message: Buffer, isBinary) => this.#onMessage(message, !isBinary));
    ws.on("error", (error) => {
      this.#failure ??= error;
      this.#abandon();
    });
    socket.once("end", () => this.#abandon());
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
  }

  /** Aborted as soon as the client has gone away or broken the protocol, or must go. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** What the client did against the protocol, or what went wrong here; that the client went away is no failure. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Sets what takes the messages; a MalformedMessage that it throws closes the connection. */
  onMessage(receive: Receiver): void {
    this.#receive = receive;
  }

  /** Sends one message; `done` is called when the kernel has taken it, or with the error that kept it from being sent. */
  send(message: Buffer | string, done: (error?: Error | null) => void): void {
    this.#ws.send(message, { binary: typeof message !== "string" }, done);
  }

  /** Sends each buffer as a binary message, all by one system call; `done` as in `send`. */
  sendAll(messages: Buffer[], done: (error?: Error | null) => void): void {
    this.#socket.cork();
    const last = messages.length - 1;
    messages.forEach((message, index) => {
      this.#ws.send(message, { binary: true }, index === last ? done : undefined);
    });
    this.#socket.uncork();
  }

  /** Sends one message and resolves when it was taken, or cannot be any more. */
  deliver(message: Buffer | string): Promise<void> {
    return new Promise((resolve) => {
      this.send(message, () => resolve());
    });
  }

  /** Reads no more from the client until each `receiver` that called this has called `release`. */
  hold(receiver: object): void {
    if (this.#receive === undefined) return;
    this.#full.add(receiver);
    this.#ws.pause();
  }

  release(receiver: object): void {
    if (this.#full.delete(receiver) && this.#full.size === 0) this.#ws.resume();
  }

  /** Closes the connection after all that was sent, and resolves when it is closed: ws waits 30 s for the client's part. */
  finish(): Promise<void> {
    this.#ignoreMessages();
    this.#ws.close(closeCode.normal);
    return this.closed;
  }

  /** Closes the connection without waiting for more than the client's close frame, and for that not long. */
  drop(): void {
    this.#leave(closeCode.normal, "");
  }

  /** Closes the connection because of an error, of which the client is told. */
  fail(error: Error): void {
    this.#failure ??= error;
    const code = error instanceof MalformedMessage ? error.closeCode : closeCode.internalError;
    this.#leave(code, error.message);
  }

  #onMessage(message: Buffer, isText: boolean): void {
    try {
      this.#receive?.(message, isText);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  #leave(code: number, reason: string): void {
    const bytes = Buffer.alloc(longestReason);
    const { written } = new TextEncoder().encodeInto(reason, bytes);
    this.#ws.close(code, bytes.subarray(0, written));
    this.#abandon();
  }

  #abandon(): void {
    if (this.#ws.readyState === this.#ws.CLOSED) return;
    this.#ignoreMessages();
    this.#farewell ??= setTimeout(() => this.#ws.terminate(), farewellTimeout);
    this.#gone.abort();
  }

  /** Reads on, so that the client's close frame is seen, and forgets what comes before it. */
  #ignoreMessages(): void {
    this.#receive = undefined;
    this.#full.clear();
    this.#ws.resume();
  }

  /**
   * While reading is paused no ping is answered and no end of the connection seen. A pong without a ping (RFC 6455, section
   * 5.5.3) tells the client that we live, and fails when the client does not.
   */
  #reassure(): void {
    if (this.#full.size > 0 && this.#ws.bufferedAmount === 0) this.#ws.pong();
  }
}
