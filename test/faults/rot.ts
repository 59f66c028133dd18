/** Files and folders of pods that go away, or turn into something else, while no daemon runs: it starts, and all can be removed. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unmountAll } from "../../src/linux/mount.ts";
import { removeNamespace } from "../../src/linux/namespaces.ts";
import { BUSYBOX } from "../support/configs.ts";
import type { Daemon } from "../support/daemon.ts";
import { livePod } from "../support/live-pod.ts";
import { type DaemonBed, daemonSuite } from "./daemon-bed.ts";
import type { Fault } from "./fault.ts";
import { DEADLINE, succeeds } from "./outcomes.ts";

/** The ids of a pod, of a container of it that runs, and of one that is created. */
interface Ids {
  pod: string;
  running: string;
  created: string;
}

type Rot = (daemon: Daemon, ids: Ids) => void;

const inRoot = ({ folder }: Daemon, ...path: string[]) => join(folder, "root", ...path);
const inRunroot = ({ folder }: Daemon, ...path: string[]) => join(folder, "runroot", ...path);

/** Everything mounted in it too: what is mounted cannot be removed. */
function take(path: string, ...mounted: string[]): void {
  for (const name of mounted) unmountAll(join(path, name));
  rmSync(path, { recursive: true, force: true });
}

const turnInto: Record<"a file" | "a folder", (path: string) => void> = {
  "a file": (path) => {
    take(path, "shm", "rootfs");
    writeFileSync(path, "rubbish");
  },
  "a folder": (path) => {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(join(path, "deep"), { recursive: true });
  },
};

const layersOf = (daemon: Daemon) => readdirSync(inRoot(daemon, "storage", "overlay"));

/** Where the only handler's runtime keeps its own. */
const runtimeFolder = (daemon: Daemon) =>
  inRunroot(daemon, "runtimes", readdirSync(inRunroot(daemon, "runtimes"))[0]!);

const rots: [name: string, isShort: boolean, rot: Rot][] = [
  [
    "bundles are gone",
    true,
    (daemon, { running, created }) => {
      for (const id of [running, created]) take(inRunroot(daemon, "containers", id));
    },
  ],
  [
    "bundles are files",
    false,
    (daemon, { running, created }) => {
      for (const id of [running, created]) turnInto["a file"](inRunroot(daemon, "containers", id));
    },
  ],
  [
    "config.json is a folder",
    false,
    (daemon, { running }) => turnInto["a folder"](inRunroot(daemon, "containers", running, "config.json")),
  ],
  [
    "the sandbox's folder is gone",
    false,
    (daemon, { pod }) => take(inRunroot(daemon, "sandboxes", pod), "shm"),
  ],
  [
    "the sandbox's folder is a file",
    false,
    (daemon, { pod }) => turnInto["a file"](inRunroot(daemon, "sandboxes", pod)),
  ],
  [
    "hosts and resolv.conf are folders",
    false,
    (daemon, { pod }) => {
      for (const name of ["hosts", "resolv.conf"])
        turnInto["a folder"](inRunroot(daemon, "sandboxes", pod, name));
    },
  ],
  [
    "the network namespace's pin is gone",
    false,
    (daemon, { pod }) => removeNamespace(join(daemon.namespacesDir, "netns", pod)),
  ],
  [
    "all pins are plain files",
    false,
    (daemon, { pod }) => {
      for (const type of readdirSync(daemon.namespacesDir)) {
        const pin = join(daemon.namespacesDir, type, pod);
        if (!existsSync(pin)) continue;
        removeNamespace(pin);
        writeFileSync(pin, "");
      }
    },
  ],
  [
    "exit files are folders",
    false,
    (daemon, { running, created }) => {
      for (const id of [running, created]) mkdirSync(inRunroot(daemon, "exits", id));
    },
  ],
  [
    "exit files are rubbish",
    false,
    (daemon, { running }) => writeFileSync(inRunroot(daemon, "exits", running), "rubbish"),
  ],
  ["persist folders are gone", false, (daemon) => take(inRunroot(daemon, "persist"))],
  ["what CNI keeps is gone", false, (daemon) => take(inRoot(daemon, "cni"))],
  [
    "what CNI keeps is rubbish",
    false,
    (daemon) => {
      for (const name of readdirSync(inRoot(daemon, "cni")))
        writeFileSync(inRoot(daemon, "cni", name), "rubbish");
    },
  ],
  [
    "writable layers are gone",
    false,
    (daemon, { running, created }) => {
      for (const id of [running, created])
        take(inRoot(daemon, "storage", "overlay-containers", id), "rootfs");
    },
  ],
  [
    "layers are gone",
    true,
    (daemon) => {
      for (const name of layersOf(daemon)) take(inRoot(daemon, "storage", "overlay", name));
    },
  ],
  [
    "layers are files",
    false,
    (daemon) => {
      for (const name of layersOf(daemon)) turnInto["a file"](inRoot(daemon, "storage", "overlay", name));
    },
  ],
  [
    "the runtime's records are gone",
    true,
    (daemon, ids) => {
      for (const id of Object.values(ids)) take(join(runtimeFolder(daemon), id));
    },
  ],
  [
    "the runtime's records are rubbish",
    true,
    (daemon, ids) => {
      for (const id of Object.values(ids)) {
        for (const name of ["state.json", "status"]) {
          const record = join(runtimeFolder(daemon), id, name);
          if (existsSync(record)) writeFileSync(record, "rubbish");
        }
      }
    },
  ],
];

const faults = rots.map(
  ([name, short, rot]): Fault<DaemonBed> => ({
    name,
    short,
    async inflict({ daemon }) {
      const { runtime, image } = daemon.client;
      const pod = await livePod(daemon, { portMappings: [{ containerPort: 80, hostPort: 21_996 }] });
      const [running, created] = [await pod.run(), await pod.create()];
      await daemon.kill();
      rot(daemon, { pod: pod.id, running, created });
      await daemon.start();
      await succeeds("ListPodSandbox", runtime.ListPodSandbox({}, DEADLINE));
      await succeeds("ListContainers", runtime.ListContainers({}, DEADLINE));
      await succeeds("ListContainerStats", runtime.ListContainerStats({}, DEADLINE));
      await succeeds("StopContainer", runtime.StopContainer({ containerId: running }, DEADLINE));
      await succeeds("RemoveContainer", runtime.RemoveContainer({ containerId: running }, DEADLINE));
      await succeeds("StopPodSandbox", runtime.StopPodSandbox({ podSandboxId: pod.id }, DEADLINE));
      await succeeds("RemovePodSandbox", runtime.RemovePodSandbox({ podSandboxId: pod.id }, DEADLINE));
      await succeeds("PullImage", image.PullImage({ image: { image: BUSYBOX } }));
      await using next = await livePod(daemon);
      assert.equal(await next.sh(await next.run(), "echo works"), "works");
    },
  }),
);

export const rotSuite = daemonSuite("rot", faults);
