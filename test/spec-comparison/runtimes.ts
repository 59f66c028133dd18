/** Both runtimes, side by side on one registry, and the config.json that each makes of a request. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startContainerd } from "../../bench/containerd.ts";
import { CriClient } from "../../src/client/cri-client.ts";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { removeCgroups } from "../support/cgroups.ts";
import { startDaemon } from "../support/daemon.ts";
import { withNewRunc } from "../support/new-runc.ts";
import type { Json, JsonObject } from "./json.ts";
import { type Names, normalise } from "./normalise.ts";
import { type Kind, type Request, requestOf } from "./requests.ts";

/** Whose config.json: a container's, or that of the pause container of its pod. */
export const OWNERS = ["container", "sandbox"] as const;

export type Owner = (typeof OWNERS)[number];

/** Normalised, with the paths that an installed runtime has. */
export type Specs = Record<Owner, JsonObject>;

export interface Runtimes {
  /** What both make of the same request; of the pod itself nothing is left. */
  specsOf(kind: Kind): Promise<{ containerd: Specs; critter: Specs }>;
  stop(): Promise<void>;
}

interface Subject {
  client: CriClient;
  /** The handler for pods with a user namespace: Debian's runc knows none. */
  mapping: string;
  /** Its own folders, and what they are on a node. */
  names: Names;
}

/** Starts both, with the same runc. */
export async function startBoth(): Promise<Runtimes> {
  await using started = new AsyncDisposableStack();
  await ensureImages("base");
  const registry = started.adopt(await Registry.start({ storage: storeFolder() }), (it) => it.stop());
  const subjects = {
    containerd: await containerdOn(registry.address, started),
    critter: await critterOn(registry.address, started),
  };
  const cgroupParent = `/critter-comparison-${process.pid}`;
  started.defer(() => removeCgroups(cgroupParent));
  const kubelet = mkdtempSync(join(tmpdir(), "critter-comparison-"));
  started.defer(() => rmSync(kubelet, { recursive: true, force: true }));
  const common: Names = [
    [cgroupParent, "/kubepods/podUID"],
    [kubelet, "/var/lib/kubelet/pods/UID"],
  ];
  const parts = started.move();
  return {
    async specsOf(kind) {
      const request = requestOf(kind, kubelet, cgroupParent);
      const [containerd, critter] = await Promise.all([
        specsBy(subjects.containerd, kind, request, common),
        specsBy(subjects.critter, kind, request, common),
      ]);
      return { containerd, critter };
    },
    stop: () => parts.disposeAsync(),
  };
}

async function containerdOn(registry: string, started: AsyncDisposableStack): Promise<Subject> {
  const { folder, socket } = started.adopt(await startContainerd(registry), (it) => it.stop());
  return {
    client: started.use(new CriClient(socket)),
    mapping: "",
    names: [
      [join(folder, "root"), "/var/lib/containerd"],
      [join(folder, "state"), "/run/containerd"],
      [/\bcni-[-0-9a-f]{36}\b/g, "cni-ID"],
      [/^\/proc\/\d+\/ns\//g, "/proc/PAUSE/ns/"],
    ],
  };
}

async function critterOn(registry: string, started: AsyncDisposableStack): Promise<Subject> {
  const runtime = { default_runtime: "runc", cgroup_manager: "cgroupfs" };
  const handlers = { ...withNewRunc.handlers, runc: {} };
  const daemon = started.use(
    await startDaemon({ registry, settings: { "crio.runtime": runtime }, handlers }),
  );
  return {
    client: daemon.client,
    mapping: "new",
    names: [
      [join(daemon.folder, "root"), "/var/lib/critter"],
      [join(daemon.folder, "runroot"), "/run/critter"],
      [daemon.namespacesDir, "/var/run"],
    ],
  };
}

async function specsBy(
  { client: { runtime, image }, mapping, names }: Subject,
  kind: Kind,
  { pod, container }: Request,
  common: Names,
): Promise<Specs> {
  await image.PullImage({ image: container.image });
  const runtimeHandler = kind === "user-namespace" ? mapping : "";
  const { podSandboxId } = await runtime.RunPodSandbox({ config: pod, runtimeHandler });
  try {
    const { containerId } = await runtime.CreateContainer({
      podSandboxId,
      config: container,
      sandboxConfig: pod,
    });
    const sandbox = await runtime.PodSandboxStatus({ podSandboxId, verbose: true });
    const created = await runtime.ContainerStatus({ containerId, verbose: true });
    const all: Names = [
      ...names,
      ...common,
      [podSandboxId, "POD"],
      [containerId, "CONTAINER"],
      [/\b[0-9a-f]{64}\b/g, "IMAGE"],
    ];
    return {
      container: normalise(specIn(created.info), all),
      sandbox: normalise(specIn(sandbox.info), all),
    };
  } finally {
    await runtime.StopPodSandbox({ podSandboxId });
    await runtime.RemovePodSandbox({ podSandboxId });
  }
}

/** The `runtimeSpec` of what `verbose` adds to a status: that is what `crictl inspect` shows. */
function specIn({ info = "{}" }: Record<string, string>): Json {
  return JSON.parse(info).runtimeSpec;
}
