/** The runtimes of containerd's CRI as critter's handlers: their programs, cgroups and annotations. */
import { programInPath } from "../../linux/executable.ts";
import { translateBaseSpec } from "./base-runtime-spec.ts";
import type { Leaf, Leaves } from "./leaves.ts";
import { isEmpty, type Translation, textOf } from "./translation.ts";

const table = ["cri", "containerd", "runtimes"];

/** The shims that run runc, or what is called like it, and do for it what conmon does here. */
const shimsOfRunc = ["io.containerd.runc.v2", "io.containerd.runc.v1", "io.containerd.runtime.v1.linux"];

/** Translates the handlers, and answers which settings are of those that critter cannot drive. */
export function translateRuntimes(
  leaves: Leaves,
  translation: Translation,
): (path: readonly string[]) => boolean {
  const foreign = leaveOut(leaves, translation);
  const named = leaves.get(...table.slice(0, -1), "default_runtime_name");
  const outside = leaves.tablesBelow(...table).has("default") ? "default" : undefined;
  const standard = outside ?? (named && !isEmpty(named.value) ? textOf(named.value) : "runc");
  for (const name of leaves.tablesBelow(...table).keys())
    if (!foreign.has(name)) translateRuntime(leaves, name, name === standard, translation);
  chooseDefault(standard, named, foreign, translation);
  translateCgroups(leaves, standard, foreign, translation);
  return (path) => path.length > 3 && table.every((one, at) => one === path[at]) && foreign.has(path[3]!);
}

function leaveOut(leaves: Leaves, translation: Translation): Set<string> {
  const names = new Set<string>();
  for (const name of leaves.tablesBelow(...table).keys()) {
    const type = leaves.get(...table, name, "runtime_type");
    if (!type || isEmpty(type.value) || shimsOfRunc.includes(textOf(type.value))) continue;
    names.add(name);
    translation.remark(
      "none",
      type,
      "critter drives OCI runtimes through conmon, and no shims; the handler is left out, and its pods are refused",
    );
  }
  return names;
}

function chooseDefault(
  standard: string,
  named: Leaf | undefined,
  foreign: ReadonlySet<string>,
  translation: Translation,
): void {
  const key = "crio.runtime.default_runtime";
  if (foreign.has(standard)) {
    const setting = `default_runtime_name = ${JSON.stringify(standard)}`;
    translation.remarkDefault(
      "changed",
      setting,
      "that handler is left out: pods without a RuntimeClass run by runc",
    );
  } else if (named?.value === standard) translation.take(key, standard, named);
  else translation.add(key, standard, "The default of containerd.");
}

function translateRuntime(leaves: Leaves, name: string, standard: boolean, translation: Translation): void {
  translation.handlers.add(name);
  translateProgram(leaves, name, translation);
  const annotations = leaves.get(...table, name, "pod_annotations");
  if (annotations && !isEmpty(annotations.value)) translateAnnotations(annotations, name, translation);
  const spec = leaves.get(...table, name, "base_runtime_spec");
  if (spec && !isEmpty(spec.value)) translateBaseSpec(spec, standard, translation);
}

/** critter looks for a program of the handler's name, containerd for runc. */
function translateProgram(leaves: Leaves, name: string, translation: Translation): void {
  const given = [
    leaves.get(...table, name, "options", "BinaryName"),
    leaves.get(...table, name, "options", "Runtime"),
    leaves.get(...table, name, "runtime_engine"),
  ].find((leaf) => leaf && !isEmpty(leaf.value));
  const program = given ? textOf(given.value) : "runc";
  if (program === name) return;
  const key = translation.handlerKey(name, "runtime_path");
  const found = program.startsWith("/") ? program : programInPath(program);
  const path = found ?? `/usr/bin/${program}`;
  if (given) translation.take(key, path, given);
  else translation.add(key, path, "containerd runs runc where no BinaryName says otherwise.");
  if (!found)
    translation.remarkDefault(
      "changed",
      `${name} runs ${program}`,
      `it is not in PATH here, and taken to be ${path}`,
    );
}

/** containerd has patterns as Go's path.Match, critter beginnings of names. */
function translateAnnotations(leaf: Leaf, name: string, translation: Translation): void {
  const patterns = (Array.isArray(leaf.value) ? leaf.value : []).map(textOf);
  const beginnings = patterns.map((pattern) => pattern.replace(/\*$/, ""));
  const fits = (beginning: string) => beginning !== "" && !/[*?[\\]/.test(beginning);
  const lost = patterns.filter((_, index) => !fits(beginnings[index]!));
  translation.take(translation.handlerKey(name, "allowed_annotations"), beginnings.filter(fits), leaf);
  if (lost.length === 0) return;
  const names = lost.map((pattern) => JSON.stringify(pattern)).join(", ");
  translation.remark("none", leaf, `allowed_annotations has beginnings of names alone: ${names} is none`);
}

/** containerd says it for each runtime, and critter once for all. */
function translateCgroups(
  leaves: Leaves,
  standard: string,
  foreign: ReadonlySet<string>,
  translation: Translation,
): void {
  const ofRuntime = (name: string) => leaves.get(...table, name, "options", "SystemdCgroup");
  const names = [...leaves.tablesBelow(...table).keys()].filter((name) => !foreign.has(name));
  const first = foreign.has(standard) ? names[0] : standard;
  const leaf = (first !== undefined && ofRuntime(first)) || leaves.get("cri", "systemd_cgroup");
  const manager = leaf?.value === true ? "systemd" : "cgroupfs";
  const key = "crio.runtime.cgroup_manager";
  if (leaf) translation.take(key, manager, leaf);
  else translation.add(key, manager, "containerd makes cgroups by itself unless SystemdCgroup is true.");
  for (const name of names) {
    const other = ofRuntime(name);
    if (other && (other.value === true) !== (manager === "systemd"))
      translation.remark("changed", other, `cgroup_manager is one for all runtimes: ${manager}`);
  }
}
