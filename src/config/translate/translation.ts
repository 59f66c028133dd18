/** What becomes of another runtime's settings: keys of critter's, and remarks on those that are none, or change. */
import type { TomlValue } from "smol-toml";
import type { Key, Toml } from "../key.ts";
import { tables } from "../schema.ts";
import { isTable } from "../settings.ts";
import type { Leaf, LeafTable } from "./leaves.ts";

/** "none": no equivalent. "changed": it means something else here. "ignored": nothing is lost without it. */
export type RemarkKind = "none" | "changed" | "ignored";

export interface Remark {
  kind: RemarkKind;
  /** `FILE:LINE`; empty for what stands in no file. */
  place: string;
  /** The key and its value, as far as it may be shown. */
  setting: string;
  text: string;
}

/** A key of critter's that the translation sets. */
export interface Taken {
  toml: Toml;
  /** Comment lines above it: where it comes from. */
  origin: string[];
}

/** What a remark is about. */
export type Subject = Leaf | LeafTable;

const longestValue = 60;

export class Translation {
  /** By full name. Handlers are `crio.runtime.runtimes.NAME.KEY`, or `crio.runtime.runtimes.NAME` for an empty table. */
  readonly taken = new Map<string, Taken>();
  readonly remarks: Remark[] = [];
  /** Names of critter's runtime handlers, in order. */
  readonly handlers = new Set<string>();
  /** Of registries.conf, where the source says of registries what crio.conf cannot. */
  readonly registries: string[] = [];
  /** How many settings were at a value that asks for nothing. */
  idle = 0;

  /** Sets critter's `key`, where critter takes `value`; else that is remarked. */
  take(key: string, value: TomlValue, leaf: Leaf): void {
    const origin = `${leaf.place}: ${leaf.name}`;
    const right = refusal(keyOf(key), value);
    if (right === undefined) this.taken.set(key, { toml: value as Toml, origin: [origin] });
    else this.remark("none", leaf, `critter's ${key} must be ${right}; it is left at its default`);
  }

  /** Sets `key` without a line of the source that says so; `reason` is its comment. */
  add(key: string, toml: Toml, reason: string): void {
    this.taken.set(key, { toml, origin: [reason] });
  }

  has(key: string): boolean {
    return this.taken.has(key);
  }

  remark(kind: RemarkKind, subject: Subject, text: string, secret = false): void {
    const value = "value" in subject ? ` = ${secret ? "(not shown)" : shownValue(subject.value)}` : "";
    this.remarks.push({ kind, place: subject.place, setting: `${subject.name}${value}`, text });
  }

  /** A remark on what the source does not say. */
  remarkDefault(kind: RemarkKind, setting: string, text: string): void {
    this.remarks.push({ kind, place: "", setting, text });
  }

  handlerKey(handler: string, key: string): string {
    this.handlers.add(handler);
    return `${tables.handler.name}.${handler}.${key}`;
  }
}

/** Critter's key of that full name. */
function keyOf(name: string): Key<unknown> {
  const dot = name.lastIndexOf(".");
  const [table, key] = [name.slice(0, dot), name.slice(dot + 1)];
  const keys = table.startsWith(`${tables.handler.name}.`)
    ? tables.handler.keys
    : Object.values(tables).find((one) => one.name === table)?.keys;
  const found = keys && (keys as Record<string, Key<unknown>>)[key];
  if (!found) throw new Error(`critter has no key ${name}`);
  return found;
}

/** What `key` must be, where it refuses `value`. */
function refusal(key: Key<unknown>, value: TomlValue): string | undefined {
  const asksForDefault = value === "" && key.shown === "" && key.derive !== undefined;
  return asksForDefault || key.parse(value) !== undefined ? undefined : key.right;
}

/** Whether `value` is such that a setting asks for nothing: empty, false or 0. */
export function isEmpty(value: TomlValue): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (isTable(value)) return Object.keys(value).length === 0;
  return value === "" || value === false || value === 0 || value === 0n;
}

/** A string as it is, what is none as JSON. */
export function textOf(value: TomlValue): string {
  return typeof value === "string" ? value : inJson(value);
}

function inJson(value: TomlValue): string {
  return JSON.stringify(value, (_, one) => (typeof one === "bigint" ? Number(one) : one));
}

function shownValue(value: TomlValue): string {
  const text = inJson(value);
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}
