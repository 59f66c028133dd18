/** One file of containers-registries.conf(5), read and validated. */
import type { MirrorTable, RegistriesTables, RegistryTable } from "./registries-conf.ts";
import { Table } from "./toml-table.ts";

/** Keys of the format that have no meaning for a runtime that only pulls. */
const ignoredKeys = ["credential-helpers", "additional-layer-store-auth-helper"];

/** Parses the TOML of `file`. Throws an Error that names file, key and value. */
export function parseRegistriesToml(file: string, text: string): RegistriesTables {
  const root = Table.parse(file, text);
  if (root.has("registries")) {
    throw new Error(
      `${file}: [registries] is of version 1, which is not supported: write [[registry]] tables`,
    );
  }
  const tables: RegistriesTables = {
    registries: root.tables("registry").map(parseRegistry),
    unqualifiedSearchRegistries: root.strings("unqualified-search-registries")?.map((host) => {
      if (host.includes("/"))
        throw root.wrong("unqualified-search-registries", host, "a host[:port] has no slash");
      return host;
    }),
    shortNameMode: root.oneOf("short-name-mode", ["enforcing", "permissive", "disabled"]),
    aliases: new Map(root.table("aliases")?.stringEntries() ?? []),
  };
  root.warnUnknown(ignoredKeys);
  return tables;
}

function parseRegistry(table: Table): RegistryTable {
  const given = table.string("prefix");
  const location = table.location("location");
  const wildcard = given?.startsWith("*.") ?? false;
  if (location === undefined && !wildcard) throw table.wrong("location", undefined, "it is required");
  const digestOnly = table.boolean("mirror-by-digest-only");
  const registry = {
    prefix: wildcard ? given! : (table.location("prefix") ?? location!),
    location,
    insecure: table.boolean("insecure"),
    blocked: table.boolean("blocked"),
    mirrors: table.tables("mirror").map((mirror) => parseMirror(mirror, digestOnly)),
  };
  if (table.has("pull-from-mirror")) {
    throw table.wrong(
      "pull-from-mirror",
      table.string("pull-from-mirror"),
      "it belongs into [[registry.mirror]]",
    );
  }
  table.warnUnknown();
  return registry;
}

function parseMirror(table: Table, digestOnly: boolean): MirrorTable {
  const location = table.location("location");
  if (location === undefined) throw table.wrong("location", undefined, "it is required");
  const own = table.oneOf("pull-from-mirror", ["all", "digest-only", "tag-only"]);
  if (own && digestOnly)
    throw table.wrong("pull-from-mirror", own, "the registry has mirror-by-digest-only = true");
  const insecure = table.boolean("insecure");
  table.warnUnknown();
  return { location, insecure, pullFromMirror: own ?? (digestOnly ? "digest-only" : "all") };
}
