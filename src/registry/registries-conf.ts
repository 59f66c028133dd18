/** Where an image is pulled from: containers-registries.conf(5) version 2, merged and ready to be asked. */
import { status } from "@grpc/grpc-js";
import { messageOf, StatusError } from "../cri/status-error.ts";
import { defaultRegistry, isShortName, parseReference, type Reference } from "./reference.ts";

/** One place an image may be pulled from: `reference` is the name there. */
export interface Endpoint {
  reference: Reference;
  /** The certificate is not checked, and plain HTTP is tried where TLS fails. */
  insecure: boolean;
  mirror: boolean;
}

export interface MirrorTable {
  location: string;
  insecure: boolean;
  pullFromMirror: "all" | "digest-only" | "tag-only";
}

/** A `[[registry]]` table; `location` is undefined when images keep their name (a wildcard prefix). */
export interface RegistryTable {
  prefix: string;
  location: string | undefined;
  insecure: boolean;
  blocked: boolean;
  mirrors: MirrorTable[];
}

/** What becomes of a short name that could mean several images; without a terminal `permissive` is `disabled`. */
export type ShortNameMode = "enforcing" | "permissive" | "disabled";

/** What one file says. Lists and modes it does not mention are undefined. */
export interface RegistriesTables {
  registries: RegistryTable[];
  unqualifiedSearchRegistries: string[] | undefined;
  shortNameMode: ShortNameMode | undefined;
  aliases: Map<string, string>;
}

/** The rules of a main file and its drop-ins; nothing in it changes. */
export class RegistriesConf {
  readonly #registries: RegistryTable[];
  readonly #searchRegistries: string[];
  readonly #mode: ShortNameMode;
  readonly #aliases: Map<string, string>;

  /** Later files overwrite what earlier ones say: lists whole, registries by prefix, aliases by name. */
  constructor(files: RegistriesTables[]) {
    const last = <T>(values: (T | undefined)[]): T | undefined =>
      values.findLast((value) => value !== undefined);
    const registries = files.flatMap((file) => file.registries);
    this.#registries = [...new Map(registries.map((table) => [table.prefix, table])).values()];
    this.#searchRegistries = last(files.map((file) => file.unqualifiedSearchRegistries)) ?? [defaultRegistry];
    this.#mode = last(files.map((file) => file.shortNameMode)) ?? "permissive";
    this.#aliases = new Map(files.flatMap((file) => [...file.aliases]));
  }

  /**
   * What `text` may mean, in the order to try: itself when it names a registry, else its alias, else its name in
   * each of `unqualified-search-registries` (docker.io where none are set). `mode` goes before that of the files.
   * Throws INVALID_ARGUMENT.
   */
  candidates(text: string, mode = this.#mode): Reference[] {
    if (!isShortName(text)) return [parseReference(text)];
    const short = parseReference(text);
    const name = text.replace(/@.*$/, "").replace(/:[^/]*$/, "");
    const alias = this.#aliases.get(name);
    if (alias) return [parseReference(alias + text.slice(name.length))];
    const registries = this.#searchRegistries;
    if (registries.length === 0 || (registries.length > 1 && mode === "enforcing")) {
      const reason =
        registries.length === 0 ? "is empty" : `has ${registries.length} and short-name-mode is enforcing`;
      throw new StatusError(
        status.INVALID_ARGUMENT,
        `image is ${JSON.stringify(text)}: it names no registry, and unqualified-search-registries ${reason} (write ${short})`,
      );
    }
    return registries.map((registry) => parseReference(text, registry));
  }

  /**
   * Where to pull `reference`: the mirrors of the longest matching prefix in order, then its location. Throws
   * PERMISSION_DENIED when it is blocked, FAILED_PRECONDITION when a location does not make a name.
   */
  endpointsFor(reference: Reference): Endpoint[] {
    const name = reference.toString();
    const table = this.#match(name);
    if (!table) return [{ reference, insecure: false, mirror: false }];
    if (table.blocked) {
      throw new StatusError(
        status.PERMISSION_DENIED,
        `registries.conf blocks ${JSON.stringify(table.prefix)}: ${name} cannot be pulled`,
      );
    }
    const rest = name.slice(matchLength(name, table.prefix));
    const mode = reference.digest ? "tag-only" : "digest-only";
    const mirrors = table.mirrors.filter((mirror) => mirror.pullFromMirror !== mode);
    return [
      ...mirrors.map((mirror) => endpoint(rewrite(mirror.location, rest, reference), mirror, true)),
      endpoint(
        table.location === undefined ? reference : rewrite(table.location, rest, reference),
        table,
        false,
      ),
    ];
  }

  #match(name: string): RegistryTable | undefined {
    let best: RegistryTable | undefined;
    for (const table of this.#registries) {
      if (matchLength(name, table.prefix) < 0) continue;
      if (!best || specificity(table) > specificity(best)) best = table;
    }
    return best;
  }
}

/** The longer prefix wins; of equal ones, that without a wildcard. */
function specificity({ prefix }: RegistryTable): number {
  return prefix.replace("*", "").length;
}

function endpoint(reference: Reference, { insecure }: { insecure: boolean }, mirror: boolean): Endpoint {
  return { reference, insecure, mirror };
}

/** How much of `name` the prefix covers, up to the end of a component; -1 when it does not match. */
function matchLength(name: string, prefix: string): number {
  if (prefix.startsWith("*.")) {
    const host = name.slice(0, name.search(/[:/]/));
    return host.endsWith(prefix.slice(1)) ? host.length : -1;
  }
  if (!name.startsWith(prefix)) return -1;
  // A colon may also begin a port: containers/image lets `example.com` match `example.com:5000/x`, so that is kept.
  const next = name[prefix.length];
  return next === undefined || "/:@".includes(next) ? prefix.length : -1;
}

function rewrite(location: string, rest: string, original: Reference): Reference {
  const name = location + rest;
  try {
    if (isShortName(name))
      throw new Error(`${JSON.stringify(location)} does not begin with a registry's host`);
    return parseReference(name);
  } catch (error) {
    throw new StatusError(
      status.FAILED_PRECONDITION,
      `registries.conf makes ${JSON.stringify(name)} of ${original}: ${messageOf(error)}`,
    );
  }
}
