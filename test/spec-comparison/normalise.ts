/** Makes two config.json comparable: lists become maps by what names their items, and what differs by chance gets one name. */
import { isObject, type Json, type JsonObject } from "./json.ts";

/** Texts that differ from run to run, longer ones first, and what stands for each. */
export type Names = readonly (readonly [found: string | RegExp, name: string])[];

/**
 * A spec as maps all the way down; lists whose order has a meaning (args) stay as they are. What is false or null and a list
 * without items count as absent, as the OCI's runtime specification has it.
 */
export function normalise(spec: Json, names: Names): JsonObject {
  const named = JSON.parse(
    JSON.stringify(spec, (_, value) => (typeof value === "string" ? rename(value, names) : value)),
  );
  return (prune(keyed(named, "")) ?? {}) as JsonObject;
}

function rename(text: string, names: Names): string {
  return names.reduce((renamed, [found, name]) => renamed.replaceAll(found, name), text);
}

/** How the lists of a spec become maps, by their path. */
const lists: Record<string, (list: Json[]) => JsonObject> = {
  "process.env": (list) => Object.fromEntries(list.map((entry) => splitAt(String(entry), "="))),
  "process.capabilities.bounding": asSet,
  "process.capabilities.effective": asSet,
  "process.capabilities.permitted": asSet,
  "process.capabilities.inheritable": asSet,
  "process.capabilities.ambient": asSet,
  "process.user.additionalGids": asSet,
  "process.rlimits": (list) => by(list, "type"),
  // Of two mounts on one place the last is seen.
  mounts: (list) => by(list, "destination"),
  "mounts[].options": asSet,
  "linux.namespaces": (list) => Object.fromEntries((list as JsonObject[]).map(namespace)),
  "linux.devices": (list) => by(list, "path"),
  "linux.maskedPaths": asSet,
  "linux.readonlyPaths": asSet,
  "linux.resources.devices": (list) => Object.fromEntries(list.map(deviceRule)),
  "linux.resources.hugepageLimits": (list) => by(list, "pageSize"),
  "linux.seccomp.architectures": asSet,
  "linux.seccomp.syscalls": rulesByCall,
};

/** `path` has `[]` for the items of a list. */
function keyed(value: Json, path: string): Json {
  if (Array.isArray(value)) {
    const toMap = lists[path];
    if (!toMap) return value;
    return mapValues(toMap(value), (item) => keyed(item, `${path}[]`));
  }
  if (!isObject(value)) return value;
  return mapValues(value, (item, name) => keyed(item, path === "" ? name : `${path}.${name}`));
}

function mapValues(object: JsonObject, change: (value: Json, name: string) => Json): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value, name)]));
}

/** What an item of a set is in the map that the set becomes. */
const LISTED = "listed";

function asSet(list: Json[]): JsonObject {
  return Object.fromEntries(list.map((item) => [String(item), LISTED]));
}

function by(list: Json[], field: string): JsonObject {
  const named = (list as JsonObject[]).map(({ [field]: name, ...rest }) => [String(name), rest]);
  return Object.fromEntries(named);
}

function namespace({ type, path }: JsonObject): [type: string, path: Json] {
  return [String(type), path ?? "new"];
}

function deviceRule(rule: Json): [name: string, access: string] {
  const { allow, type = "a", major = "*", minor = "*", access } = rule as JsonObject;
  return [`${type} ${major}:${minor}`, `${allow ? "allow" : "deny"} ${access}`];
}

/** For each system call what becomes of it, under which conditions. */
function rulesByCall(list: Json[]): JsonObject {
  const rules = new Map<string, string[]>();
  for (const { names, action, errnoRet, args } of list as JsonObject[]) {
    const conditions = ((args ?? []) as JsonObject[]).map(condition);
    const rule = [
      `${action}`.replace("SCMP_ACT_", ""),
      errnoRet,
      conditions.length > 0 && `if ${conditions}`,
    ];
    const text = rule.filter(Boolean).join(" ");
    for (const name of names as string[]) rules.set(name, [...(rules.get(name) ?? []), text]);
  }
  return Object.fromEntries([...rules].map(([name, texts]) => [name, [...new Set(texts)].sort().join("; ")]));
}

function condition({ index, value, valueTwo = 0, op }: JsonObject): string {
  const hex = (number: Json | undefined) => `0x${BigInt(Number(number)).toString(16)}`;
  if (op === "SCMP_CMP_MASKED_EQ") return `arg${index} & ${hex(value)} == ${hex(valueTwo)}`;
  return `arg${index} ${String(op).replace("SCMP_CMP_", "")} ${hex(value)}`;
}

function prune(value: Json): Json | undefined {
  if (value === false || value === null) return undefined;
  if (Array.isArray(value)) return value.length > 0 ? value : undefined;
  if (!isObject(value)) return value;
  const kept = Object.entries(value).flatMap(([name, item]) => {
    const pruned = prune(item);
    return pruned === undefined ? [] : [[name, pruned] as const];
  });
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

function splitAt(text: string, separator: string): [before: string, after: string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + 1)];
}
