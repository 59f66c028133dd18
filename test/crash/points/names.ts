/** Names of points that are the same in every run: without ids, numbers of processes and folders of the day. */

const patterns: [pattern: RegExp, name: string][] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UUID"],
  [/[0-9a-f]{64}/g, "ID"],
  [/critter-test-crit-\d+/g, "PARENT"],
  [/critter_test_crit_\d+/g, "PARENT"],
  [/^\/sys\/fs\/cgroup\/[^/]+\/PARENT/, "cgroup/PARENT"],
  [/\/proc\/\d+\//g, "/proc/PID/"],
  [/overlay\/[0-9a-z]+/g, "overlay/N"],
  [/runc-exec\/[^/ ]+\./g, "runc-exec/NAME."],
];

const folder = process.env.CRITTER_CRASH_FOLDER ?? "";

/** `text` without what differs from run to run. */
export function nameOf(text: string): string {
  const inside = folder === "" ? text : text.replaceAll(`${folder}/`, "");
  const name = patterns.reduce((changed, [pattern, by]) => changed.replace(pattern, by), inside);
  return name.replace(/\s+/g, " ").slice(0, 200);
}
