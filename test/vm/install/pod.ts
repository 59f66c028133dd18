/** The page's static pod `hello`, as crictl shows it, and what there may be of pods on the whole machine. */
import { readdirSync, readFileSync } from "node:fs";
import { shell } from "./page.ts";

/** What the first boot leaves for the second: on the disk, for there it is another machine. */
export const BEFORE_REBOOT = "/var/lib/critter-install.json";

export interface RunningPod {
  bootId: string;
  sandbox: string;
  container: string;
  /** Of the container's first process. */
  pid: number;
}

/** The pod as it runs now. Rejects unless there is exactly one sandbox that is ready, and one container that runs. */
export async function helloPod(): Promise<RunningPod> {
  const sandbox = one(await shell("crictl pods --name hello --state ready --quiet"), "ready sandboxes");
  const container = one(await shell(`crictl ps --pod ${sandbox} --quiet`), "running containers");
  const { info } = JSON.parse(await shell(`crictl inspect ${container}`));
  return { bootId: bootId(), sandbox, container, pid: info.pid };
}

/** What the pod's server answers at its host port. */
export function askPod(): Promise<string> {
  return shell("curl --silent --show-error --fail http://127.0.0.1:8080");
}

export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** What pods have on the machine, by kind: names that are equal only where the things are the same. */
export async function leftOfPods(): Promise<Record<string, string[]>> {
  return {
    monitors: lines(await shell("pgrep --list-full conmon || true")),
    overlays: lines(await shell("findmnt --noheadings --output TARGET --types overlay || true")),
    networkNamespaces: folder("/run/netns"),
    leases: folder("/var/lib/cni/networks/critter").filter((name) => /^\d/.test(name)),
    rules: lines(await shell(`iptables-save | grep --fixed-strings '\\"critter\\"' || true`)),
    scopes: lines(await shell("systemctl list-units --plain --no-legend 'critter-*.scope' | cut -d' ' -f1")),
  };
}

function folder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function lines(text: string): string[] {
  return text === "" ? [] : text.split("\n");
}

function one(text: string, what: string): string {
  const found = lines(text);
  if (found.length !== 1) throw new Error(`${found.length} ${what}, not one`);
  return found[0]!;
}
