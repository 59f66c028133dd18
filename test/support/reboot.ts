/** A reboot of the machine, as far as it can be done to one daemon: only what is on the disk stays, and the boot has another ID. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { machineCgroups } from "../../src/cgroups/machine.ts";
import { killAll } from "../../src/cgroups/processes.ts";
import { bindMount, MS_PRIVATE, MS_REC, MS_SHARED, mount, unmount } from "../../src/linux/mount.ts";
import { isAlive } from "../../src/linux/process.ts";
import { type ScannedProcess, scanProcesses } from "../../src/linux/process-scan.ts";
import { podIdsOf, readRecords } from "./audit.ts";
import { removeCgroups } from "./cgroups.ts";
import { critter, type Daemon, type DaemonOptions } from "./daemon.ts";
import { eventually } from "./eventually.ts";
import { removeNetwork } from "./network.ts";
import { mountsBelow } from "./sweep.ts";
import { makeTmpfs } from "./tmpfs.ts";

/** What a node has in memory, below the daemon's folder. */
const inMemory = ["runroot", "namespaces"];
const BOOT_ID = "boot-id";

/**
 * A daemon that can be rebooted. It is in a mount namespace of its own, in which the kernel's boot ID is what it is told.
 * The kernel lets no user namespace have a /proc then: a pod of that kind needs `rebootableInPlace`.
 */
export const rebootable = {
  tmpfs: true,
  async prepare(folder: string): Promise<void> {
    share(folder);
    nextBoot(folder);
  },
  launcher: bootedCommand,
} satisfies DaemonOptions;

/** The same, but the boot keeps its ID. */
export const rebootableInPlace = { tmpfs: true } satisfies DaemonOptions;

/** `critter` in the boot of the daemon's folder: with a command line of its own it is what `command` runs. */
function bootedCommand(folder: string): [command: string, ...args: string[]] {
  // Where systemd runs, mounts in /proc would go to the whole machine.
  const script =
    'mount --make-private /proc && mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"';
  const namespace = ["--mount", "--propagation", "unchanged"];
  return ["unshare", ...namespace, "sh", "-c", script, join(folder, BOOT_ID), critter];
}

/** A reboot in which no pull is lost: layers of the last seconds have reached the disk. */
export async function reboot(daemon: Daemon): Promise<void> {
  await eventually(() => {
    const { layers } = readRecords(join(daemon.folder, "root"));
    assert.ok(layers.every(({ unsyncedBoot }) => unsyncedBoot === undefined));
  });
  const { sandboxes, containers } = readRecords(join(daemon.folder, "root"));
  await goDown(daemon);
  // The first of a PID namespace waits for the others once it has left its cgroup.
  await eventually(() =>
    assert.ok(![...sandboxes, ...containers].some(({ process }) => process && isAlive(process))),
  );
  comeUp(daemon);
  await daemon.start();
}

/** Ends all that a machine without power has not any more: processes, mounts, network, cgroups, and what was in memory. */
export async function goDown(daemon: Daemon): Promise<void> {
  await daemon.kill();
  await endProcesses(daemon);
  const mounts = mountsBelow(daemon.folder).filter((path) => path !== daemon.folder);
  // What was killed keeps them busy until the kernel has taken it apart.
  for (const path of mounts.reverse()) await eventually(() => unmount(path));
  await removeNetwork(daemon.network, podIdsOf(daemon));
  removeCgroups(daemon.cgroupParent);
}

/** Makes a new boot of it, up to where the daemon would be started. */
export function comeUp({ folder }: Daemon): void {
  for (const name of inMemory) makeTmpfs(join(folder, name));
  nextBoot(folder);
}

/** Mounts go from here to the daemon's own mount namespace, and back. */
function share(folder: string): void {
  bindMount(folder, folder);
  mount("none", folder, "none", MS_PRIVATE | MS_REC);
  mount("none", folder, "none", MS_SHARED);
}

function nextBoot(folder: string): void {
  writeFileSync(join(folder, BOOT_ID), `${randomUUID()}\n`);
}

/** Kills all that the daemon has started, whatever it is doing, until there is nothing. */
async function endProcesses({ folder, cgroupParent }: Daemon): Promise<void> {
  await eventually(async () => {
    await killAll(machineCgroups(), cgroupParent);
    const left = scanProcesses().filter((one) => isOf(one, folder));
    for (const { identity } of left) if (isAlive(identity)) process.kill(identity.pid, "SIGKILL");
    if (left.length > 0) throw new Error(`${left.map(({ args }) => args.join(" ")).join("; ")} still run`);
  });
}

/** Monitors and runtimes name the folder, CNI plugins have it in their environment. */
function isOf({ identity, args, environment }: ScannedProcess, folder: string): boolean {
  return identity.pid !== process.pid && [...args, ...environment].some((word) => word.includes(folder));
}
