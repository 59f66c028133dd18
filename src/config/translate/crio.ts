/** From CRI-O's crio.conf(5) to critter's: most keys are the same. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { TomlValue } from "smol-toml";
import { programInPath } from "../../linux/executable.ts";
import type { Key } from "../key.ts";
import { tables } from "../schema.ts";
import { isHandler } from "../settings.ts";
import { readCrioFiles } from "./crio-files.ts";
import { annotationsWithoutMeaning, changes, type Departure, departures } from "./crio-keys.ts";
import type { Leaf, Leaves } from "./leaves.ts";
import { isEmpty, Translation, textOf } from "./translation.ts";

const handlers = ["crio", "runtime", "runtimes"];
/** What CRI-O's own handler lets through where no file has its table. */
const annotationsOfCrun = ["io.containers.trace-syscall", "io.kubernetes.cri-o.Devices"];

/** Values that CRI-O bends to what it takes; critter would refuse them. */
const bent: Readonly<Record<string, (value: TomlValue) => TomlValue>> = {
  "crio.runtime.pids_limit": (value) => (atMost(value, 0) ? -1 : value),
  "crio.runtime.log_size_max": (value) => (atMost(value, -1) ? -1 : value),
  "crio.runtime.runtimes.*.container_create_timeout": (value) => (atMost(value, 29) ? 30 : value),
  "crio.image.pull_progress_timeout": (value) => (typeof value === "number" ? `${value}ns` : value),
};

/** Folders of CRI-O's own package, in a value as JSON. */
const packaged = /"\/(usr\/libexec|etc)\/crio\//;

/** Keys that are as if they were not there where they are empty; critter takes empty for something else. */
const unsetIfEmpty = new Set([
  "crio.runtime.apparmor_profile",
  "crio.runtime.runtimes.*.monitor_cgroup",
  "crio.api.grpc_max_send_msg_size",
  "crio.api.grpc_max_recv_msg_size",
]);

/** Translates `paths`: files, and folders of drop-ins, the later one wins. @throws ConfigError */
export function translateCrio(paths: readonly string[]): Translation {
  const { leaves, replaced } = readCrioFiles(paths);
  const translation = new Translation();
  const left = leaveOut(leaves, translation);
  for (const leaf of wholeTables(leaves)) if (!left(leaf.path)) translateLeaf(translation, leaf);
  for (const name of leaves.tablesBelow(...handlers).keys())
    if (!left([...handlers, name])) translation.handlers.add(name);
  for (const { leaf, by } of replaced)
    translation.remark("ignored", leaf, `${by} has the whole table anew, and CRI-O takes that alone`);
  translateOldPluginDir(leaves, translation);
  addDefaults(leaves, translation);
  remarkUnnamed(paths, translation);
  return translation;
}

/** CRI-O finds the folder beside its file by itself. */
function remarkUnnamed(paths: readonly string[], translation: Translation): void {
  const named = new Set(paths.map((path) => resolve(path)));
  for (const folder of [...named].map((path) => `${path}.d`).filter(existsSync))
    if (!named.has(folder))
      translation.remarkDefault(
        "changed",
        folder,
        "it is there, and was not named: its drop-ins are not in this",
      );
}

/** Remarks on the handlers that critter cannot drive, and answers what is theirs. */
function leaveOut(leaves: Leaves, translation: Translation): (path: readonly string[]) => boolean {
  const names = new Set<string>();
  for (const name of leaves.tablesBelow(...handlers).keys()) {
    const type = leaves.get(...handlers, name, "runtime_type");
    if (!type || type.value === "" || type.value === "oci") continue;
    names.add(name);
    translation.remark(
      "none",
      type,
      'critter drives runtimes of the type "oci" alone; the handler is left out, and its pods are refused',
    );
  }
  return (path) => path.length > 3 && isHandler(path.slice(0, 4)) && names.has(path[3]!);
}

/** The settings; a table that is the value of one key, or that is remarked on as a whole, as one. */
function wholeTables(leaves: Leaves): Leaf[] {
  const whole = leaves.tables().filter(({ path }) => isValue(path) || departures[path.join(".")]);
  const inWhole = new Set(whole.flatMap(({ path }) => leaves.below(...path)));
  return [
    ...leaves.all().filter((leaf) => !inWhole.has(leaf)),
    ...whole.map((table) => {
      const { length } = table.path;
      const entries = leaves
        .below(...table.path)
        .map((leaf) => [leaf.path.slice(length).join("."), leaf.value]);
      return { ...table, value: Object.fromEntries(entries) };
    }),
  ];
}

/** Whether the table at `path` is a value of critter's, such as default_annotations. */
function isValue(path: readonly string[]): boolean {
  const key = path.length === 5 && isHandler(path.slice(0, 4)) ? handlerKey(path[4]) : undefined;
  return typeof key?.shown === "object" && !Array.isArray(key.shown);
}

function handlerKey(name: string | undefined): Key<unknown> | undefined {
  return (tables.handler.keys as Record<string, Key<unknown>>)[name ?? ""];
}

function translateLeaf(translation: Translation, leaf: Leaf): void {
  const name = leaf.path.join(".");
  const pattern = isHandler(leaf.path.slice(0, 4))
    ? [...handlers, "*", ...leaf.path.slice(4)].join(".")
    : name;
  const departure = departures[pattern];
  if (departure) {
    depart(translation, leaf, departure);
    return;
  }
  if (name === "crio.network.plugin_dir") return;
  if (!critterHas(leaf.path)) {
    translation.remark("none", leaf, "neither critter nor CRI-O's crio.conf(5) knows the key");
    return;
  }
  if (unsetIfEmpty.has(pattern) && isEmpty(leaf.value)) {
    translation.idle++;
    return;
  }
  if (name === "crio.runtime.apparmor_profile" && /^crio-default/.test(textOf(leaf.value))) {
    translation.remark("ignored", leaf, "critter's own profile, critter-default, takes its place");
    return;
  }
  if (pattern.startsWith(`${tables.handler.name}.`)) translation.handlers.add(leaf.path[3]!);
  translation.take(name, bent[pattern]?.(leaf.value) ?? leaf.value, leaf);
  if (changes[name] && !isEmpty(leaf.value)) translation.remark("changed", leaf, changes[name]);
  if (leaf.path.at(-1) === "allowed_annotations") remarkAnnotations(translation, leaf);
  if (packaged.test(JSON.stringify(leaf.value)))
    translation.remark("changed", leaf, "it goes when CRI-O's package is removed: name another by then");
}

function depart(translation: Translation, leaf: Leaf, { kind, idle, text }: Departure): void {
  const asksForNothing = isEmpty(leaf.value) || idle.includes(leaf.value);
  if (asksForNothing) translation.idle++;
  else translation.remark(kind, leaf, text);
}

function critterHas(path: readonly string[]): boolean {
  if (isHandler(path.slice(0, 4))) return path.length === 5 && handlerKey(path[4]) !== undefined;
  const table = Object.values(tables).find(({ name }) => name === path.slice(0, -1).join("."));
  return table !== undefined && Object.hasOwn(table.keys, path.at(-1)!);
}

function remarkAnnotations(translation: Translation, leaf: Leaf): void {
  const lost = (Array.isArray(leaf.value) ? leaf.value : []).filter((name) =>
    annotationsWithoutMeaning.some((one) => textOf(name).startsWith(one)),
  );
  if (lost.length === 0) return;
  const names = lost.map((name) => JSON.stringify(name)).join(", ");
  translation.remark("none", leaf, `critter does nothing at ${names}; the runtime sees it, and that is all`);
}

/** `plugin_dir`, the name of before, adds a folder to `plugin_dirs`. */
function translateOldPluginDir(leaves: Leaves, translation: Translation): void {
  const leaf = leaves.get("crio", "network", "plugin_dir");
  if (!leaf || isEmpty(leaf.value)) return;
  const dirs = leaves.get("crio", "network", "plugin_dirs")?.value ?? ["/opt/cni/bin"];
  if (Array.isArray(dirs)) translation.take("crio.network.plugin_dirs", [...dirs, leaf.value], leaf);
}

/** Where CRI-O does otherwise than critter as long as no file says anything. */
function addDefaults(leaves: Leaves, translation: Translation): void {
  const add = (key: string, value: string | boolean | string[], reason: string) => {
    if (!leaves.get(...key.split("."))) translation.add(key, value, `The default of CRI-O; ${reason}.`);
  };
  add("crio.runtime.default_runtime", "crun", "critter's is runc, as was CRI-O's before 1.31");
  add("crio.runtime.drop_infra_ctr", true, "critter's is false");
  add(
    "crio.runtime.hooks_dir",
    ["/usr/share/containers/oci/hooks.d"],
    "critter's has /etc/containers/oci/hooks.d too",
  );
  add("crio.image.short_name_mode", "enforcing", "critter goes by registries.conf");
  add("crio.image.oci_artifact_mount_support", true, "critter's is false");
  if (existsSync("/sys/fs/selinux/enforce"))
    add("crio.runtime.selinux", true, "this machine has SELinux, and CRI-O goes by that");
  completeDefaultRuntime(leaves, translation);
}

function completeDefaultRuntime(leaves: Leaves, translation: Translation): void {
  const name = String(translation.taken.get("crio.runtime.default_runtime")?.toml ?? "");
  if (translation.handlers.has(name)) return;
  if (leaves.tablesBelow(...handlers).has(name)) {
    translation.taken.delete("crio.runtime.default_runtime");
    translation.remarkDefault(
      "changed",
      `default_runtime = ${JSON.stringify(name)}`,
      "that handler is left out: pods without a RuntimeClass run by runc",
    );
    return;
  }
  if (name !== "crun") return;
  const key = translation.handlerKey(name, "allowed_annotations");
  translation.add(key, annotationsOfCrun, "The default of CRI-O for its own handler; critter's is none.");
  if (!programInPath("crun"))
    translation.remarkDefault("changed", 'default_runtime = "crun"', "crun is not in PATH on this machine");
}

function atMost(value: TomlValue, most: number): boolean {
  return typeof value === "number" && value <= most;
}
