/** Tokens in the streaming server's URLs: each is good for one use, within a minute. */
import { randomBytes } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { StatusError } from "../cri/status-error.ts";

const LIFETIME_MS = 60_000;
/** As the peers have it: each token stands for a client that is about to connect. */
const MOST_OUTSTANDING = 1000;

interface Entry<T> {
  value: T;
  expires: number;
}

/** Values that wait for the one who brings their token. `clock` is in milliseconds, and never goes back. */
export class Tokens<T> {
  /** In order of issue, which is the order in which they expire. */
  readonly #entries = new Map<string, Entry<T>>();
  readonly #clock: () => number;

  constructor(clock = () => performance.now()) {
    this.#clock = clock;
  }

  /** How many may still be redeemed. */
  get outstanding(): number {
    this.#sweep();
    return this.#entries.size;
  }

  /**
   * A new token for `value`: 128 random bits, safe in a URL.
   * @throws StatusError RESOURCE_EXHAUSTED while too many are outstanding.
   */
  issue(value: T): string {
    if (this.outstanding >= MOST_OUTSTANDING) {
      throw new StatusError(
        status.RESOURCE_EXHAUSTED,
        `${MOST_OUTSTANDING} streaming URLs wait for their clients; try again in a minute`,
      );
    }
    const token = randomBytes(16).toString("base64url");
    this.#entries.set(token, { value, expires: this.#clock() + LIFETIME_MS });
    return token;
  }

  /** The value of `token`, once; undefined for a token that is unknown, expired or redeemed. */
  redeem(token: string): T | undefined {
    this.#sweep();
    const entry = this.#entries.get(token);
    this.#entries.delete(token);
    return entry?.value;
  }

  #sweep(): void {
    const now = this.#clock();
    for (const [token, { expires }] of this.#entries) {
      if (expires > now) return;
      this.#entries.delete(token);
    }
  }
}
