/** Image references by the distribution project's grammar: `host[:port]/path[:tag][@digest]`. */
import { invalidArgument } from "../cri/status-error.ts";
import { digestProblem } from "./digest.ts";

/** The registry of a name that names none. */
export const defaultRegistry = "docker.io";

const domainComponent = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const domain = new RegExp(
  `^(?:${domainComponent}(?:\\.${domainComponent})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?$`,
);
const pathComponent = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const repositoryPath = new RegExp(`^${pathComponent}(?:/${pathComponent})*$`);
const tagPattern = /^\w[\w.-]{0,127}$/;
const maximumRepositoryLength = 255;

/** One image by name: always with a registry, and with a tag, a digest or both. */
export class Reference {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;

  constructor(registry: string, repository: string, tag?: string, digest?: string) {
    this.registry = registry;
    this.repository = repository;
    this.tag = tag;
    this.digest = digest;
  }

  /** Registry and repository, without tag and digest. */
  get name(): string {
    return `${this.registry}/${this.repository}`;
  }

  /** The whole reference; it parses back to an equal one. */
  toString(): string {
    return this.name + (this.tag ? `:${this.tag}` : "") + (this.digest ? `@${this.digest}` : "");
  }

  /** As people write it: without `docker.io/` and `library/`. */
  familiar(): string {
    if (this.registry !== defaultRegistry) return this.toString();
    return this.toString().replace(/^docker\.io\/(library\/(?=[^/]+$))?/, "");
  }

  /** The same repository by digest alone; what a tag pointed to is then `name@digest`. */
  withDigest(digest: string): Reference {
    return new Reference(this.registry, this.repository, undefined, digest);
  }
}

/** Whether `text` names no registry, so that `unqualified-search-registries` and aliases decide where it is. */
export function isShortName(text: string): boolean {
  return splitRegistry(text)[0] === undefined;
}

/**
 * Parses what a user wrote. Without registry it is `registry`'s, `docker.io/x` is `docker.io/library/x`, and
 * without tag and digest it is `:latest`. Throws INVALID_ARGUMENT that names the value.
 */
export function parseReference(text: string, registry = defaultRegistry): Reference {
  const fail = (reason: string) => invalidArgument("image", text, reason);
  if (text === "") throw fail("a name is required");
  if (/^[0-9a-f]{64}$/.test(text)) throw fail("this is an image ID, not a name");
  const [named, digest] = cut(text, text.indexOf("@"));
  const [path, tag] = cut(named, tagStart(named));
  const [host = registry, rest] = splitRegistry(path);
  checkParts(host, rest, tag, digest, fail);
  const canonical = host === "index.docker.io" ? defaultRegistry : host;
  const official = canonical === defaultRegistry && !rest.includes("/");
  const repository = official ? `library/${rest}` : rest;
  if (repository.length > maximumRepositoryLength) throw fail("a repository has at most 255 characters");
  return new Reference(canonical, repository, tag ?? (digest ? undefined : "latest"), digest);
}

function checkParts(
  host: string,
  path: string,
  tag: string | undefined,
  digest: string | undefined,
  fail: (reason: string) => Error,
): void {
  if (!domain.test(host)) throw fail(`${JSON.stringify(host)} is not a registry's host[:port]`);
  if (path === "") throw fail("it names a registry, but no repository");
  if (!repositoryPath.test(path)) {
    const hint = path === path.toLowerCase() ? "" : "; a repository is written in lower case";
    throw fail(`${JSON.stringify(path)} is not a repository's path${hint}`);
  }
  if (tag !== undefined && !tagPattern.test(tag)) {
    throw fail(`${JSON.stringify(tag)} is not a tag: up to 128 letters, digits and any of _ . -`);
  }
  const problem = digest === undefined ? undefined : digestProblem(digest);
  if (problem) throw fail(problem);
}

/** The part before `index` and the part after it; -1 leaves all of it in the first. */
function cut(text: string, index: number): [string, string | undefined] {
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}

/** Where the tag's colon is: the last one, unless a slash follows it (then it is a port's). */
function tagStart(text: string): number {
  const colon = text.lastIndexOf(":");
  return colon > text.lastIndexOf("/") ? colon : -1;
}

/** A first component is a registry when it has a dot, a port or capitals, or is `localhost`. */
function splitRegistry(path: string): [string | undefined, string] {
  const slash = path.indexOf("/");
  const first = path.slice(0, Math.max(slash, 0));
  const isHost = /[.:[]/.test(first) || first === "localhost" || first !== first.toLowerCase();
  return isHost ? [first, path.slice(slash + 1)] : [undefined, path];
}
