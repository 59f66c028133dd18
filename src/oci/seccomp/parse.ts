/** Reads a seccomp profile file. A field that is not known is an error: a rule without its condition would allow too much. */
import { constants } from "node:os";
import { Fields } from "../../config/json-fields.ts";
import { capabilityName } from "../spec/capability-names.ts";
import { rawNumber } from "../spec/raw-json.ts";
import type { SeccompArch, SeccompArg, Uint64 } from "../spec/types.ts";
import type { ArchitectureMapping, ProfileRule, RuleFilter, SeccompProfile } from "./profile.ts";

const actions = names("SCMP_ACT_", "ALLOW ERRNO KILL KILL_PROCESS KILL_THREAD LOG NOTIFY TRACE TRAP");
const operators = names("SCMP_CMP_", "EQ GE GT LE LT MASKED_EQ NE");
const architectures = names(
  "SCMP_ARCH_",
  "AARCH64 ARM LOONGARCH64 M68K MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PARISC PARISC64 PPC PPC64 PPC64LE " +
    "RISCV64 S390 S390X SH SHEB X32 X86 X86_64",
);
const flagNames = names("SECCOMP_FILTER_FLAG_", "LOG SPEC_ALLOW TSYNC WAIT_KILLABLE_RECV");

const profileFields = [
  ...["defaultAction", "defaultErrnoRet", "defaultErrno", "architectures", "archMap", "flags"],
  ...["listenerPath", "listenerMetadata", "syscalls", "comment"],
];
const ruleFields = [
  ...["names", "name", "action", "errnoRet", "errno", "args", "includes", "excludes", "comment"],
];
/** The largest errno that a filter can return. */
const maximumErrno = 4095;

/** The profile in `text`, the contents of `file`. Throws an Error that names file, field and value. */
export function parseProfile(file: string, text: string): SeccompProfile {
  const profile = new Fields(file, "", parseJson(file, text));
  profile.allow(profileFields);
  const listed = list(profile, "architectures", (value) => oneOf(value, architectures)) as SeccompArch[];
  const archMap = objects(file, profile, "archMap", mapping);
  if (listed.length > 0 && archMap.length > 0) throw profile.wrong("archMap", "there is architectures too");
  const listenerPath = optionalText(profile, "listenerPath");
  if (listenerPath && !listenerPath.startsWith("/")) {
    throw profile.wrong("listenerPath", "it must be an absolute path");
  }
  const syscalls = objects(file, profile, "syscalls", (fields) => rule(file, fields, Boolean(listenerPath)));
  return {
    defaultAction: required(profile, "defaultAction", actions),
    defaultErrnoRet: errno(profile, "defaultErrnoRet", "defaultErrno"),
    ...(listed.length > 0 && { architectures: listed }),
    archMap,
    flags: list(profile, "flags", (value) => oneOf(value, flagNames)),
    listenerPath,
    listenerMetadata: optionalText(profile, "listenerMetadata"),
    syscalls,
  };
}

/** Numbers beyond 2^53, as masks may be, keep all their digits. */
function parseJson(file: string, text: string): unknown {
  const keepDigits = (_: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" && !Number.isSafeInteger(value) ? rawNumber(context?.source ?? "0") : value;
  try {
    return JSON.parse(text, keepDigits);
  } catch (error) {
    throw new Error(`${file} is not JSON: ${(error as Error).message}`);
  }
}

function mapping(fields: Fields): ArchitectureMapping {
  fields.allow(["architecture", "subArchitectures"]);
  const others = list(fields, "subArchitectures", (value) => oneOf(value, architectures));
  return {
    architecture: required(fields, "architecture", architectures) as SeccompArch,
    subArchitectures: others as SeccompArch[],
  };
}

function rule(file: string, fields: Fields, hasListener: boolean): ProfileRule {
  fields.allow(ruleFields);
  const name = optionalText(fields, "name");
  if (name && fields.has("names")) throw fields.wrong("name", "there is names too");
  const action = required(fields, "action", actions);
  if (action === "SCMP_ACT_NOTIFY" && !hasListener) throw fields.wrong("action", "there is no listenerPath");
  return {
    names: name ? [name] : fields.texts("names"),
    action,
    errnoRet: errno(fields, "errnoRet", "errno"),
    args: objects(file, fields, "args", argument),
    includes: filter(file, fields, "includes"),
    excludes: filter(file, fields, "excludes"),
  };
}

function argument(fields: Fields): SeccompArg {
  fields.allow(["index", "value", "valueTwo", "op"]);
  const index = fields.value("index") ?? 0;
  if (![0, 1, 2, 3, 4, 5].includes(index as number)) throw fields.wrong("index", "a number from 0 to 5");
  return {
    index: index as number,
    value: uint64(fields, "value"),
    valueTwo: uint64(fields, "valueTwo"),
    op: required(fields, "op", operators),
  };
}

function filter(file: string, parent: Fields, name: string): RuleFilter | undefined {
  const value = parent.value(name);
  if (value === undefined || value === null) return undefined;
  const fields = new Fields(file, parent.pathOf(name), value);
  fields.allow(["caps", "arches", "minKernel"]);
  const minKernel = optionalText(fields, "minKernel");
  if (minKernel && !/^\d+\.\d+$/.test(minKernel)) {
    throw fields.wrong("minKernel", 'a version such as "4.8" is required');
  }
  return {
    caps: list(fields, "caps", (one) => (typeof one === "string" ? capabilityName(one) : undefined)),
    arches: list(fields, "arches", (one) => (typeof one === "string" ? one : undefined)),
    minKernel,
  };
}

/** The number, or the name that goes before it. */
function errno(fields: Fields, number: string, name: string): number | undefined {
  const text = optionalText(fields, name);
  const value = text ? constants.errno[text as keyof typeof constants.errno] : fields.value(number);
  if (value === undefined && !text) return undefined;
  if (value === null) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= maximumErrno)
    return value;
  if (text) throw fields.wrong(name, 'the name of an errno, such as "EPERM", is required');
  throw fields.wrong(number, `a number from 0 to ${maximumErrno} is required`);
}

function uint64(fields: Fields, name: string): Uint64 {
  const value = fields.value(name) ?? 0;
  if (typeof value === "number" && value >= 0) return value;
  const digits = (value as { rawJSON?: string }).rawJSON ?? "";
  if (/^\d{1,20}$/.test(digits) && BigInt(digits) < 2n ** 64n) return value as Uint64;
  throw fields.wrong(name, "a number of 64 bits is required");
}

function required(fields: Fields, name: string, choices: ReadonlySet<string>): string {
  const value = oneOf(fields.value(name), choices);
  if (value === undefined) throw fields.wrong(name, `one of ${[...choices].join(", ")} is required`);
  return value;
}

function oneOf(value: unknown, choices: ReadonlySet<string>): string | undefined {
  return choices.has(value as string) ? (value as string) : undefined;
}

function optionalText(fields: Fields, name: string): string | undefined {
  const value = fields.value(name) ?? "";
  if (typeof value !== "string") throw fields.wrong(name, "a string is required");
  return value || undefined;
}

/** What Go writes for an empty list is `null`. */
function list<T>(fields: Fields, name: string, item: (value: unknown) => T | undefined): T[] {
  const value = fields.value(name) ?? [];
  if (!Array.isArray(value)) throw fields.wrong(name, "a list is required");
  return value.map((one) => {
    const read = item(one);
    if (read === undefined) throw fields.wrong(name, `${JSON.stringify(one)} is not known`);
    return read;
  });
}

function objects<T>(file: string, fields: Fields, name: string, make: (item: Fields) => T): T[] {
  const value = fields.value(name) ?? [];
  if (!Array.isArray(value)) throw fields.wrong(name, "a list is required");
  return value.map((item, index) => make(new Fields(file, `${fields.pathOf(name)}[${index}]`, item)));
}

function names(prefix: string, rest: string): ReadonlySet<string> {
  return new Set(rest.split(" ").map((name) => prefix + name));
}
