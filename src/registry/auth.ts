/** Authorization for a registry: Basic, and Bearer with its tokens kept until they expire. */
import { parseChallenges } from "./challenge.ts";
import type { Credential } from "./credentials.ts";
import { RegistryFailure } from "./failure.ts";
import type { TlsFiles } from "./host-tls.ts";
import type { HttpClient } from "./http.ts";
import { basic, credentialKey, fetchToken } from "./token.ts";

/** Who asks for what. */
export interface Access {
  /** The registry's API up to the repository. */
  root: URL;
  repository: string;
  credential: Credential | undefined;
  insecure: boolean;
  tls: TlsFiles | undefined;
}

interface Grant {
  header: string;
  expires: number;
}

const maximumGrants = 256;

/** Knows what each registry takes, by repository and credential. */
export class Authorizer {
  readonly #http: HttpClient;
  readonly #userAgent: string;
  readonly #grants = new Map<string, Grant>();

  constructor(http: HttpClient, userAgent: string) {
    this.#http = http;
    this.#userAgent = userAgent;
  }

  /** The header that is likely accepted without a challenge; undefined where none is known to be needed. */
  header(access: Access): string | undefined {
    if (access.credential?.kind === "registry") return `Bearer ${access.credential.token}`;
    const grant = this.#grants.get(keyOf(access));
    return grant && grant.expires > performance.now() ? grant.header : undefined;
  }

  /**
   * Answers a 401 with a fresh header for the next try. Throws RegistryFailure (`unauthenticated`) when there is
   * nothing to offer.
   */
  async answer(access: Access, wwwAuthenticate: string, signal?: AbortSignal): Promise<string> {
    this.#grants.delete(keyOf(access));
    const { credential, insecure, root, repository, tls } = access;
    const challenges = parseChallenges(wwwAuthenticate);
    const bearer = challenges.find((challenge) => challenge.scheme === "bearer");
    if (bearer && credential?.kind !== "registry") {
      // Below a path of its own the server alone knows the repository's name there.
      const told = root.pathname === "/v2" ? undefined : bearer.parameters.scope;
      const scope = told ?? `repository:${repository}:pull`;
      const userAgent = this.#userAgent;
      const token = await fetchToken(this.#http, {
        challenge: bearer,
        root,
        scope,
        credential,
        insecure,
        tls,
        userAgent,
        signal,
      });
      return this.#grant(access, `Bearer ${token.value}`, token.expires);
    }
    const isBasic = challenges.some((challenge) => challenge.scheme === "basic");
    if (isBasic && credential?.kind === "password") {
      return this.#grant(access, basic(credential), Number.POSITIVE_INFINITY);
    }
    if (!credential) throw new RegistryFailure("unauthenticated", "credentials are needed (401)");
    throw new RegistryFailure("unauthenticated", "the credentials are not accepted (401)");
  }

  #grant(access: Access, header: string, expires: number): string {
    if (this.#grants.size >= maximumGrants) this.#grants.clear();
    this.#grants.set(keyOf(access), { header, expires });
    return header;
  }
}

function keyOf({ root, repository, credential }: Access): string {
  return `${root.href} ${repository} ${credentialKey(credential)}`;
}
