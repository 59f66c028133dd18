/** What containerd gives to pods without being asked, where critter's defaults, which are CRI-O's, are others. */
import type { Leaf, Leaves } from "./leaves.ts";
import { isEmpty, type Translation } from "./translation.ts";

/** Of a container that is not privileged, in containerd. */
const capabilities = [
  ...["CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID"],
  ...["SETFCAP", "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE"],
];

/**
 * Where `ping_group_range` is the whole range, it is wrong in a user namespace, which has 65,536 groups; containerd leaves it out
 * there, default_sysctls cannot.
 */
const sysctls = {
  enable_unprivileged_ports: "net.ipv4.ip_unprivileged_port_start=0",
  enable_unprivileged_icmp: "net.ipv4.ping_group_range=0 65535",
};

export function translateCapabilities(translation: Translation): void {
  const key = "crio.runtime.default_capabilities";
  if (translation.has(key)) return;
  translation.add(key, capabilities, "Those of containerd; critter's default lacks some of them.");
}

/** `version` is that of the file: since 3, both are on unless it says otherwise. */
export function translateSysctls(leaves: Leaves, version: number, translation: Translation): void {
  const said = Object.keys(sysctls).map((name) => [name, leaves.get("cri", name)] as const);
  const on = said.filter(([, leaf]) => (leaf ? leaf.value === true : version > 2)).map(([name]) => name);
  const key = "crio.runtime.default_sysctls";
  const value = on.map((name) => sysctls[name as keyof typeof sysctls]);
  if (value.length > 0) {
    const places = said.flatMap(([, leaf]) => (leaf ? [`${leaf.place}: ${leaf.name}`] : []));
    translation.add(
      key,
      value,
      places.length > 0 ? places.join(", ") : "The default of containerd since version 2.",
    );
  }
  if (on.includes("enable_unprivileged_icmp"))
    translation.remarkDefault(
      "changed",
      "enable_unprivileged_icmp",
      "groups up to 65535 may ping, those that a pod in a user namespace has; in containerd all groups, and none in a user namespace",
    );
  const open = said.filter(([, leaf]) => !leaf).map(([name]) => name);
  if (version > 2 || open.length === 0) return;
  const lines = JSON.stringify(open.map((name) => sysctls[name as keyof typeof sysctls]));
  translation.remarkDefault(
    "changed",
    open.join(", "),
    `on in containerd 2 and off in containerd 1, and a file of version ${version} is read by both; for what containerd 2 does set default_sysctls = ${lines}`,
  );
}

export function translatePods(leaves: Leaves, translation: Translation): void {
  const cri = (name: string) => leaves.get("cri", name);
  orDefault(
    translation,
    "crio.image.image_volumes",
    asWritten(cri("ignore_image_defined_volumes"), "ignore"),
    "bind",
    "containerd mounts a folder of its own for each volume of an image; critter's default makes it in the root",
  );
  orDefault(
    translation,
    "crio.image.pull_progress_timeout",
    cri("image_pull_progress_timeout"),
    "5m0s",
    "The default of containerd; critter's is no limit",
  );
  translation.add("crio.runtime.hooks_dir", [], "containerd knows no oci-hooks(5); critter does.");
  if (cri("disable_apparmor")?.value === true)
    translation.take("crio.runtime.apparmor_profile", "unconfined", cri("disable_apparmor")!);
  const devices = cri("cdi_spec_dirs");
  if (cri("enable_cdi")?.value === false)
    translation.take("crio.runtime.cdi_spec_dirs", [], cri("enable_cdi")!);
  else if (devices) translation.take("crio.runtime.cdi_spec_dirs", devices.value, devices);
}

/** A flag that is true as `value`; one that is false says nothing. */
function asWritten(leaf: Leaf | undefined, value: string): Leaf | undefined {
  return leaf?.value === true ? { ...leaf, value } : undefined;
}

function orDefault(
  translation: Translation,
  key: string,
  leaf: Leaf | undefined,
  value: string,
  reason: string,
): void {
  if (leaf && !isEmpty(leaf.value)) translation.take(key, leaf.value, leaf);
  else translation.add(key, value, `${reason}.`);
}
