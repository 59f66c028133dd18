/** Trying endpoints in order, and again after a pause where that may help. */
import { setTimeout as sleep } from "node:timers/promises";
import { pullError, RegistryFailure } from "./failure.ts";
import type { Endpoint } from "./registries-conf.ts";

export interface RetryOptions {
  /** How often every endpoint is asked at most. */
  rounds: number;
  /** Milliseconds before the second round; doubled for each further one. */
  delay: number;
  /** The longest Retry-After, in milliseconds, that is waited for; beyond it the pull fails. */
  maximumDelay: number;
}

/**
 * The result of `work` at the first endpoint where it succeeds. One round asks all of them without waiting; the next,
 * after a pause, those that were busy or broke off. Throws the PullError of all answers about `what`, or the signal's
 * reason.
 */
export async function firstOf<T, E extends Endpoint>(
  what: string,
  endpoints: E[],
  options: RetryOptions,
  signal: AbortSignal | undefined,
  work: (endpoint: E) => Promise<T>,
): Promise<T> {
  const failures = new Map<E, RegistryFailure>();
  let candidates = endpoints;
  for (let round = 1; ; round++) {
    for (const endpoint of candidates) {
      try {
        return await work(endpoint);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof RegistryFailure)) throw error;
        failures.set(endpoint, error);
      }
    }
    candidates = candidates.filter((endpoint) => failures.get(endpoint)?.retryable);
    const asked = candidates.map((endpoint) => failures.get(endpoint)?.retryAfter ?? 0);
    const pause = Math.max(options.delay * 2 ** (round - 1), Math.min(...asked));
    if (candidates.length === 0 || round >= options.rounds || pause > options.maximumDelay) {
      throw pullError(what, failures);
    }
    await sleep(pause, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}
