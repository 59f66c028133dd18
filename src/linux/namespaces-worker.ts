/** The thread that leaves the daemon's namespaces to make, pin or visit a pod's, one task at a time. */
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parentPort } from "node:worker_threads";
import { bindMount, unmountAll } from "./mount.ts";
import {
  bringLoopbackUp,
  type IpVersion,
  openNamespace,
  setHostname,
  setns,
  tcpSocket,
  threadNamespace,
  unshare,
} from "./namespace-calls.ts";
import type { NamespaceType, Sysctl } from "./sysctls.ts";

/** Paths of namespace files, by type. */
export type NamespacePaths = Partial<Record<NamespaceType, string>>;

export interface CreateTask {
  kind: "create";
  /** Files to pin the new namespaces on; they must not exist. */
  paths: NamespacePaths;
  hostname: string | undefined;
  sysctls: Sysctl[];
}

/** Writes sysctls inside namespaces that exist. */
export interface SysctlsTask {
  kind: "sysctls";
  paths: NamespacePaths;
  sysctls: Sysctl[];
}

/** Opens a TCP socket inside a network namespace that exists. */
export interface SocketTask {
  kind: "socket";
  paths: { net: string };
  version: IpVersion;
}

export type NamespaceTask = CreateTask | SysctlsTask | SocketTask;

/** What the thread answers; a failed `sysctl` is the client's mistake, anything else ours or the kernel's. */
export interface NamespaceReply {
  id: number;
  /** What a socket task has opened. */
  socket?: number | undefined;
  failure?: { message: string; sysctl?: Sysctl };
}

class SysctlFailure extends Error {
  readonly sysctl: Sysctl;

  constructor(sysctl: Sysctl, reason: string) {
    super(reason);
    this.sysctl = sysctl;
  }
}

const home: Record<NamespaceType, number> = {
  net: openNamespace(threadNamespace("net")),
  ipc: openNamespace(threadNamespace("ipc")),
  uts: openNamespace(threadNamespace("uts")),
};

const typesOf = (paths: NamespacePaths) => Object.keys(paths) as NamespaceType[];

function create(task: CreateTask): void {
  const types = typesOf(task.paths);
  unshare(types);
  abroad(types, () => {
    if (task.paths.net !== undefined) bringLoopbackUp();
    if (task.paths.uts !== undefined && task.hostname) setHostname(task.hostname);
    writeSysctls(task.sysctls);
    pinAll(task.paths);
  });
}

function visit<Result>(paths: NamespacePaths, work: () => Result): Result {
  return abroad(typesOf(paths), () => {
    for (const [type, path] of Object.entries(paths)) enter(type as NamespaceType, path);
    return work();
  });
}

function enter(type: NamespaceType, path: string): void {
  const fd = openNamespace(path);
  try {
    setns(fd, type);
  } finally {
    closeSync(fd);
  }
}

function abroad<Result>(types: NamespaceType[], work: () => Result): Result {
  try {
    return work();
  } finally {
    goHome(types);
  }
}

// A thread that cannot go home would do the next pod's work in this pod's namespaces: it must not live on.
function goHome(types: NamespaceType[]): void {
  try {
    for (const type of types) setns(home[type], type);
  } catch {
    process.exit(1);
  }
}

function writeSysctls(sysctls: Sysctl[]): void {
  for (const sysctl of sysctls) {
    try {
      writeFileSync(`/proc/sys/${sysctl.path}`, sysctl.value);
    } catch (error) {
      throw new SysctlFailure(sysctl, (error as Error).message);
    }
  }
}

function pinAll(paths: NamespacePaths): void {
  const pinned: string[] = [];
  try {
    for (const [type, path] of Object.entries(paths)) {
      mkdirSync(dirname(path), { recursive: true });
      closeSync(openSync(path, "wx", 0o444));
      pinned.push(path);
      bindMount(threadNamespace(type as NamespaceType), path);
    }
  } catch (error) {
    for (const path of pinned) {
      unmountAll(path);
      rmSync(path, { force: true });
    }
    throw error;
  }
}

/** Gives the socket, where one was wanted. */
function run(task: NamespaceTask): number | undefined {
  if (task.kind === "socket") return visit(task.paths, () => tcpSocket(task.version));
  if (task.kind === "create") create(task);
  else visit(task.paths, () => writeSysctls(task.sysctls));
  return undefined;
}

function answer(id: number, task: NamespaceTask): NamespaceReply {
  try {
    return { id, socket: run(task) };
  } catch (error) {
    const message = (error as Error).message;
    return { id, failure: error instanceof SysctlFailure ? { message, sysctl: error.sysctl } : { message } };
  }
}

parentPort?.on("message", ({ id, task }: { id: number; task: NamespaceTask }) => {
  parentPort?.postMessage(answer(id, task));
});
