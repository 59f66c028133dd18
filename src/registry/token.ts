/** Bearer tokens from a registry's token server (distribution specification, auth/token and auth/oauth). */
import { createHash } from "node:crypto";
import { readBounded } from "./body.ts";
import type { Challenge } from "./challenge.ts";
import type { Credential } from "./credentials.ts";
import { RegistryFailure, retryAfterOf, unreachable } from "./failure.ts";
import type { TlsFiles } from "./host-tls.ts";
import type { HttpClient, HttpRequest } from "./http.ts";

export interface Token {
  value: string;
  /** Milliseconds since the epoch after which it is not used. */
  expires: number;
}

const maximumAnswerBytes = 1024 * 1024;
/** What the specification gives a token that does not tell. */
const defaultLifeSeconds = 60;

export interface TokenRequest {
  challenge: Challenge;
  /** The API of the registry that sent the challenge. */
  root: URL;
  scope: string;
  credential: Credential | undefined;
  insecure: boolean;
  tls: TlsFiles | undefined;
  userAgent: string;
  signal: AbortSignal | undefined;
}

/** Fetches a token for `scope`. Throws RegistryFailure; nothing it says has the credential in it. */
export async function fetchToken(http: HttpClient, request: TokenRequest): Promise<Token> {
  const url = realmOf(request);
  const outgoing =
    request.credential?.kind === "identity" ? oauthRequest(request) : tokenRequest(url, request);
  const response = await http.request(url, outgoing).catch((error: unknown) => {
    request.signal?.throwIfAborted();
    throw unreachable(error);
  });
  const text = (await readBounded(response.body, maximumAnswerBytes)).toString("utf8");
  if (response.status === 401 || response.status === 403) {
    throw new RegistryFailure(
      "unauthenticated",
      `${url.host} gives no token: ${credentialWord(request)} (${response.status})`,
    );
  }
  if (response.status !== 200) {
    const retryable = response.status === 429 || response.status >= 500;
    const message = `${url.host} answered ${response.status} for a token`;
    const retryAfter = retryAfterOf(response.headers["retry-after"]);
    throw new RegistryFailure(retryable ? "busy" : "refused", message, { retryable, retryAfter });
  }
  return parseToken(url, text);
}

function credentialWord({ credential }: TokenRequest): string {
  return credential ? "the credentials are not accepted" : "credentials are needed";
}

function realmOf({ challenge, root, credential, insecure }: TokenRequest): URL {
  const { realm = "" } = challenge.parameters;
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new RegistryFailure("invalid", `the realm of its challenge is ${JSON.stringify(realm)}, not a URL`);
  }
  if (url.protocol === "http:" && root.protocol === "https:" && credential && !insecure) {
    throw new RegistryFailure(
      "invalid",
      `its token server ${url.origin} has no TLS: credentials are not sent there`,
    );
  }
  return url;
}

function tokenRequest(
  url: URL,
  { challenge, scope, credential, insecure, tls, userAgent, signal }: TokenRequest,
): HttpRequest {
  const { service } = challenge.parameters;
  if (service) url.searchParams.set("service", service);
  url.searchParams.append("scope", scope);
  const headers: HttpRequest["headers"] = { "user-agent": userAgent };
  if (credential?.kind === "password") {
    url.searchParams.set("account", credential.username);
    headers.authorization = basic(credential);
  }
  return { headers, insecure, tls, signal };
}

function oauthRequest({
  challenge,
  scope,
  credential,
  insecure,
  tls,
  userAgent,
  signal,
}: TokenRequest): HttpRequest {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    service: challenge.parameters.service ?? "",
    client_id: "critter",
    scope,
    refresh_token: credential?.kind === "identity" ? credential.token : "",
  });
  const body = form.toString();
  const headers = {
    "user-agent": userAgent,
    "content-type": "application/x-www-form-urlencoded",
    "content-length": Buffer.byteLength(body),
  };
  return { method: "POST", headers, body, insecure, tls, signal };
}

function parseToken(url: URL, text: string): Token {
  let answer: { token?: unknown; access_token?: unknown; expires_in?: unknown } = {};
  try {
    answer = JSON.parse(text) ?? {};
  } catch {
    // What is no JSON has no token either.
  }
  const value = answer.token || answer.access_token;
  if (typeof value !== "string") throw new RegistryFailure("invalid", `${url.host} answered without a token`);
  const seconds = typeof answer.expires_in === "number" ? answer.expires_in : defaultLifeSeconds;
  // Given up early, so that it does not expire on its way.
  return { value, expires: performance.now() + seconds * 900 };
}

/** The Authorization header of a password. */
export function basic({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** Tells credentials apart without keeping them. */
export function credentialKey(credential: Credential | undefined): string {
  return credential ? createHash("sha256").update(JSON.stringify(credential)).digest("base64") : "anonymous";
}
