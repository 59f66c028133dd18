/** What a pull has learnt of its endpoints: one that sent a wrong blob is not asked again. */
import { log } from "../log.ts";
import { RegistryFailure } from "./failure.ts";
import type { Endpoint } from "./registries-conf.ts";

/** Bytes that turned out not to be the blob they were sent as. */
export interface WrongBlob {
  /** The digest the blob should have. */
  digest: string;
  /** What is wrong with the bytes, as a sentence. */
  problem: string;
  /** Names of the endpoints they came from, in that order, each once. */
  endpoints: readonly string[];
  /** Whether that is all of them; the beginning may be left of an earlier pull. */
  isWhole: boolean;
}

/** For one pull: the next one asks every endpoint again. */
export class EndpointTrust {
  /** By name, those that are passed over. */
  readonly #failures = new Map<string, RegistryFailure>();
  /** By digest, the endpoints of which one may have spoilt the blob: they are asked last. */
  readonly #suspects = new Map<string, readonly string[]>();

  /** The endpoints in the order to ask them for a blob. */
  inOrder<E extends Endpoint>(digest: string, endpoints: E[]): E[] {
    const suspects = this.#suspects.get(digest) ?? [];
    const isSuspect = ({ reference }: E) => suspects.includes(reference.name);
    return [...endpoints.filter((endpoint) => !isSuspect(endpoint)), ...endpoints.filter(isSuspect)];
  }

  /** Throws the RegistryFailure for which an endpoint is passed over. */
  check({ reference }: Endpoint): void {
    const failure = this.#failures.get(reference.name);
    if (failure) throw failure;
  }

  /** Whether one of the endpoints is not passed over. */
  hasAny(endpoints: readonly Endpoint[]): boolean {
    return endpoints.some(({ reference }) => !this.#failures.has(reference.name));
  }

  /**
   * The endpoint that sent a wrong blob is passed over from now on. Where it is not known which one spoilt it, that is
   * found out by another attempt, which begins with the one that sent the end; only after that all are passed over.
   */
  refuse({ digest, problem, endpoints, isWhole }: WrongBlob): void {
    const isKnown = isWhole && endpoints.length === 1;
    if (!isKnown && !this.#suspects.has(digest)) {
      this.#suspects.set(digest, endpoints.slice(0, -1));
      log.warn("a wrong blob came in parts: it is fetched again from its beginning", {
        blob: digest,
        problem,
      });
      return;
    }
    for (const endpoint of endpoints) {
      if (this.#failures.has(endpoint)) continue;
      this.#failures.set(endpoint, new RegistryFailure("corrupt", problem));
      log.warn("an endpoint sent a wrong blob: it is passed over in this pull", {
        endpoint,
        blob: digest,
        problem,
      });
    }
  }
}
