/** Which credential goes to which registry: the CRI request's, then auth.json, then Docker's config.json. Nothing here is logged. */
import { status } from "@grpc/grpc-js";
import type { AuthConfig } from "../cri/messages.ts";
import { StatusError } from "../cri/status-error.ts";
import type { Endpoint } from "./registries-conf.ts";

/** What proves who pulls: a password, an OAuth2 refresh token, or a token the registry takes as it is. */
export type Credential =
  | { kind: "password"; username: string; password: string }
  | { kind: "identity"; username: string; token: string }
  | { kind: "registry"; token: string };

/** The names that stand for Docker Hub in credentials. */
const dockerHosts = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);

/**
 * The credential in a request's AuthConfig for an endpoint; undefined when it has none, or is for another server.
 * One without `serverAddress` is for the image, wherever the configuration has it pulled from.
 * Throws INVALID_ARGUMENT when `auth` cannot be decoded, or the token can be no header's.
 */
export function requestCredential(
  auth: AuthConfig | null | undefined,
  endpoint: Endpoint,
): Credential | undefined {
  if (!auth) return undefined;
  if (auth.serverAddress && !isSameRegistry(hostOf(auth.serverAddress), endpoint.reference.registry))
    return undefined;
  // It becomes a header; what it is, is nobody's to read.
  if (/[^\x21-\x7e]/.test(auth.registryToken))
    throw new StatusError(
      status.INVALID_ARGUMENT,
      "auth.registry_token is not a token of printable ASCII characters",
    );
  const credential = credentialOf(auth);
  if (credential || !auth.auth) return credential;
  throw new StatusError(status.INVALID_ARGUMENT, "auth.auth is not the base64 of user:password");
}

export interface CredentialFields {
  username?: string | undefined;
  password?: string | undefined;
  auth?: string | undefined;
  identityToken?: string | undefined;
  registryToken?: string | undefined;
}

/** The strongest credential of the fields that an AuthConfig and an auth.json entry share. */
export function credentialOf(fields: CredentialFields): Credential | undefined {
  const { registryToken, identityToken } = fields;
  if (registryToken) return { kind: "registry", token: registryToken };
  const decoded = fields.auth ? decodeAuth(fields.auth) : undefined;
  const username = decoded?.username ?? fields.username ?? "";
  if (identityToken) return { kind: "identity", username, token: identityToken };
  const password = decoded?.password ?? fields.password ?? "";
  return username || password ? { kind: "password", username, password } : undefined;
}

/** Whether two hosts are one registry; Docker Hub has three names. */
export function isSameRegistry(one: string, other: string): boolean {
  return one === other || (dockerHosts.has(one) && dockerHosts.has(other));
}

/** `host[:port]` of a server's address, which may come as a URL. */
export function hostOf(address: string): string {
  return address.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
}

/** base64 of `user:password`; some tools pad it with zero bytes. */
function decodeAuth(text: string): { username: string; password: string } | undefined {
  const plain = Buffer.from(text, "base64").toString("utf8").replace(/\0+$/, "");
  const colon = plain.indexOf(":");
  return colon < 0 ? undefined : { username: plain.slice(0, colon), password: plain.slice(colon + 1) };
}
