/** hosts.toml as containerd reads it: the servers that stand for a registry, in order. */
import { dirname, resolve } from "node:path";
import type { TomlValue } from "smol-toml";
import { parseDuration } from "../config/duration.ts";
import { messageOf } from "../cri/status-error.ts";
import type { NotedFiles } from "../linux/file-state.ts";
import { type HostTls, HostTlsFiles } from "./host-tls.ts";
import { Table } from "./toml-table.ts";

const capabilities = ["pull", "resolve", "push", "referrers"] as const;

/** `pull`: manifests by digest, and blobs; `resolve`: manifests by tag. The others mean nothing to who only pulls. */
export type Capability = (typeof capabilities)[number];

/** One server that is asked for a registry's images. */
export interface RegistryServer {
  /** Up to the repository, `https://host/v2`; undefined for the registry itself. */
  root: URL | undefined;
  capabilities: readonly Capability[];
  tls: HostTls | undefined;
  /** Its certificate is not checked. */
  skipVerify: boolean;
  /** Lower-case names. */
  headers: Record<string, string[]>;
  /** Milliseconds; undefined for the client's own limit. */
  connectTimeout: number | undefined;
}

/** The servers of `file`: the `[host]` tables in their order, then `server`. Throws an Error with file, key and value. */
export function parseHostsToml(file: string, text: string, files: NotedFiles): RegistryServer[] {
  const top = Table.parse(file, text);
  const hosts = top.table("host");
  const servers = (hosts?.keys() ?? []).map((url) => {
    const table = hosts!.table(url)!;
    const overrides = table.boolean("override_path");
    const root = parseRoot(url, overrides, (reason) => top.wrong("host", url, reason));
    return parseServer(file, table, root, files);
  });
  const url = top.string("server");
  const overrides = top.boolean("override_path");
  const root = url && parseRoot(url, overrides, (reason) => top.wrong("server", url, reason));
  return [...servers, parseServer(file, top, root || undefined, files)];
}

function parseServer(file: string, table: Table, root: URL | undefined, files: NotedFiles): RegistryServer {
  const server = {
    root,
    capabilities: parseCapabilities(table),
    tls: parseTls(file, table, files),
    skipVerify: table.boolean("skip_verify"),
    headers: parseHeaders(table.table("header")),
    connectTimeout: parseTimeout(table),
  };
  table.warnUnknown();
  return server;
}

/** The API's root: `/v2` is added unless the URL has it or `override_path` says that it is right as it is. */
function parseRoot(text: string, overrides: boolean, wrong: (reason: string) => Error): URL {
  const url = text.includes("://") ? text : `https://${text}`;
  const root = URL.canParse(url) ? new URL(url) : undefined;
  if (!root || !/^https?:$/.test(root.protocol) || root.search || root.hash || root.username || root.password)
    throw wrong("a URL of http or https is required: scheme, host, port and path");
  root.pathname = root.pathname.replace(/\/+$/, "");
  if (!overrides && !root.pathname.endsWith("/v2")) root.pathname = `${root.pathname.replace(/\/+$/, "")}/v2`;
  return root;
}

function parseCapabilities(table: Table): readonly Capability[] {
  const given = table.strings("capabilities") ?? [];
  if (given.length === 0) return capabilities;
  return given.map((name) => {
    const found = capabilities.find((capability) => capability === name.toLowerCase());
    if (!found) throw table.wrong("capabilities", name, `one of ${capabilities.join(", ")} is required`);
    return found;
  });
}

function parseTls(file: string, table: Table, files: NotedFiles): HostTls | undefined {
  const tls = new HostTlsFiles(files);
  const within = (path: string) => resolve(dirname(file), path);
  for (const path of list(table.value("ca"))) {
    if (typeof path !== "string") throw table.wrong("ca", path, "a path or a list of paths is required");
    attempt(
      () => tls.addAuthority(within(path)),
      (reason) => table.wrong("ca", path, reason),
    );
  }
  for (const entry of list(table.value("client"))) {
    const pair = Array.isArray(entry) ? entry : [entry, entry];
    const [cert, key] = pair;
    if (pair.length !== 2 || typeof cert !== "string" || typeof key !== "string") {
      throw table.wrong("client", entry, "a path, or a list of paths and of [certificate, key] is required");
    }
    attempt(
      () => tls.addClient(within(cert), within(key)),
      (reason) => table.wrong("client", entry, reason),
    );
  }
  return tls.build();
}

function list(value: TomlValue | undefined): TomlValue[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function attempt(work: () => void, wrong: (reason: string) => Error): void {
  try {
    work();
  } catch (error) {
    throw wrong(messageOf(error));
  }
}

/** Values may be secrets: no error shows one. */
function parseHeaders(table: Table | undefined): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  for (const name of table?.keys() ?? []) {
    const values = list(table!.value(name));
    const isText = (value: TomlValue) => typeof value === "string" && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !values.every(isText)) {
      throw table!.wrong(name, "…", "a header's name, with a string or a list of strings, is required");
    }
    headers[name.toLowerCase()] = values as string[];
  }
  return headers;
}

function parseTimeout(table: Table): number | undefined {
  const text = table.string("dial_timeout");
  const timeout = text === undefined ? undefined : parseDuration(text);
  if (text !== undefined && timeout === undefined)
    throw table.wrong("dial_timeout", text, 'a duration such as "10s" is required');
  return timeout || undefined;
}
