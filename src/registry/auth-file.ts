/** containers-auth.json(5) and Docker's config.json, which has the same entries: credentials by registry, namespace or repository. */
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { StatusError } from "../cri/status-error.ts";
import { fileState } from "../linux/file-state.ts";
import { log } from "../log.ts";
import { type Credential, credentialOf, hostOf, isSameRegistry } from "./credentials.ts";
import type { Reference } from "./reference.ts";

type AuthEntry = {
  username?: string;
  password?: string;
  auth?: string;
  identitytoken?: string;
  registrytoken?: string;
};

interface AuthDocument {
  auths?: Record<string, AuthEntry>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
}

/** The entries of one file, as they were when it was read. */
export class AuthEntries {
  readonly #entries: [key: string, credential: Credential][];

  /** Parses `text`, the content of `path`. Throws FAILED_PRECONDITION that names the file, not its content. */
  constructor(path: string, text: string) {
    try {
      const { auths = {}, credsStore, credHelpers } = JSON.parse(text) as AuthDocument;
      if (credsStore || credHelpers) log.debug("credential helpers are not asked", { file: path });
      this.#entries = Object.entries(auths).flatMap(([key, entry]) => parseEntry(key, entry));
    } catch {
      throw new StatusError(status.FAILED_PRECONDITION, `${path} is not an auth.json of {"auths": {…}}`);
    }
  }

  /** The credential of the longest key that covers the repository: `host/a/b`, then `host/a`, then `host`. */
  find(reference: Reference): Credential | undefined {
    let best: { length: number; credential: Credential } | undefined;
    for (const [key, credential] of this.#entries) {
      if (covers(key, reference) && key.length > (best?.length ?? -1))
        best = { length: key.length, credential };
    }
    return best?.credential;
  }
}

/** Where the credential of a repository may be found. */
export type CredentialSource = Pick<AuthEntries, "find">;

/** A file on disk that may change or be absent: crio.conf's `global_auth_file`, or Docker's config.json. */
export class AuthFile {
  readonly #path: string;
  #state: string | undefined;
  #entries: AuthEntries | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The credential for a repository as the file is now. Throws FAILED_PRECONDITION when it cannot be read. */
  find(reference: Reference): Credential | undefined {
    const state = fileState(this.#path);
    if (state !== this.#state) {
      this.#entries = state === undefined ? undefined : readEntries(this.#path);
      this.#state = state;
    }
    return this.#entries?.find(reference);
  }
}

/** Where Docker's config.json is: in $DOCKER_CONFIG, else in the user's ~/.docker. */
export function dockerConfigPath(environment: NodeJS.ProcessEnv): string {
  return join(environment.DOCKER_CONFIG || join(homedir(), ".docker"), "config.json");
}

/**
 * The file that crio-credential-provider leaves for one pull in `namespaced_auth_dir`: `NAMESPACE-SHA256.json` by the
 * image's name without tag. It is for one use: it is removed once read. Undefined when there is none.
 */
export function takeNamespacedAuth(
  folder: string,
  namespace: string,
  reference: Reference,
): AuthEntries | undefined {
  if (!namespace || namespace.includes("/")) return undefined;
  const hash = createHash("sha256").update(reference.name).digest("hex");
  const path = join(folder, `${namespace}-${hash}.json`);
  if (fileState(path) === undefined) return undefined;
  try {
    return readEntries(path);
  } finally {
    rmSync(path, { force: true });
  }
}

function readEntries(path: string): AuthEntries {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StatusError(status.FAILED_PRECONDITION, `${path} cannot be read: ${code}`);
  }
  return new AuthEntries(path, text);
}

function parseEntry(key: string, entry: AuthEntry): [string, Credential][] {
  const { identitytoken: identityToken, registrytoken: registryToken } = entry;
  const credential = credentialOf({ ...entry, identityToken, registryToken });
  return credential ? [[normalizeKey(key), credential]] : [];
}

/** Docker writes URLs (`https://index.docker.io/v1/`), whose path means nothing; podman writes names. */
function normalizeKey(key: string): string {
  return /^https?:\/\//.test(key) ? hostOf(key) : key.replace(/\/+$/, "");
}

function covers(key: string, reference: Reference): boolean {
  const [host = "", ...path] = key.split("/");
  if (!isSameRegistry(host, reference.registry)) return false;
  return path.length === 0 || `${reference.repository}/`.startsWith(`${path.join("/")}/`);
}
