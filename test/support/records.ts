/** Records as the daemon keeps them, of pods and containers that have ended: to make thousands would take minutes. */
import { randomBytes } from "node:crypto";
import type { ContainerRecord } from "../../src/oci/record.ts";
import type { PodSandboxRecord } from "../../src/sandbox/record.ts";

const noTask = { process: null, monitor: null, monitorCgroup: "" };

/** A pod that was stopped; `at` is its attempt. */
export function stoppedPod(at: number, annotations: Record<string, string>): PodSandboxRecord {
  return {
    id: randomBytes(32).toString("hex"),
    config: {
      metadata: { name: "stopped", uid: "stopped", namespace: "test", attempt: at },
      hostname: "",
      logDirectory: "",
      dnsConfig: null,
      portMappings: [],
      labels: {},
      annotations,
      linux: null,
      windows: null,
    },
    runtimeHandler: "",
    requestDigest: "",
    createdAt: String(1_800_000_000_000_000_000n + BigInt(at)),
    phase: "notready",
    attached: false,
    ips: [],
    imageId: "",
    cgroups: [],
    ...noTask,
  };
}

export function exitedContainer(podSandboxId: string, annotations: Record<string, string>): ContainerRecord {
  const id = randomBytes(32).toString("hex");
  return {
    id,
    podSandboxId,
    config: {
      metadata: { name: id, attempt: 0 },
      image: null,
      labels: {},
      annotations,
      mounts: [],
      stdin: false,
      stdinOnce: false,
      tty: false,
    },
    requestDigest: "",
    resources: null,
    runtime: "runc",
    imageId: "",
    imageRef: "",
    phase: "exited",
    createdAt: "1",
    startedAt: "2",
    finishedAt: "3",
    exitCode: 0,
    reason: "",
    message: "",
    logPath: "",
    user: null,
    stopSignal: "SIGNAL_RUNTIME_DEFAULT",
    ...noTask,
  };
}
