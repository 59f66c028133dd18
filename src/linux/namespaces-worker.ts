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

/** As `create`, but the namespaces are those of a process that holds them, its user namespace among them. */
export interface AdoptTask extends Omit<CreateTask, "kind"> {
  kind: "adopt";
  pid: number;
  /** File to pin the user namespace on. */
  user: string;
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

export type NamespaceTask = CreateTask | AdoptTask | SysctlsTask | SocketTask;

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
    setUp(task);
    pinAll(types.map((type) => ({ source: threadNamespace(type), path: task.paths[type] as string })));
  });
}

function adopt(task: AdoptTask): void {
  const paths: Record<string, string> = { user: task.user, ...task.paths };
  pinAll(Object.entries(paths).map(([type, path]) => ({ source: `/proc/${task.pid}/ns/${type}`, path })));
  try {
    visit(task.paths, () => setUp(task));
  } catch (error) {
    Object.values(paths).forEach(unpin);
    throw error;
  }
}

function setUp({ paths, hostname, sysctls }: Omit<CreateTask, "kind">): void {
  if (paths.net !== undefined) bringLoopbackUp();
  if (paths.uts !== undefined && hostname) setHostname(hostname);
  writeSysctls(sysctls);
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

function pinAll(pins: { source: string; path: string }[]): void {
  const pinned: string[] = [];
  try {
    for (const { source, path } of pins) {
      mkdirSync(dirname(path), { recursive: true });
      closeSync(openSync(path, "wx", 0o444));
      pinned.push(path);
      bindMount(source, path);
    }
  } catch (error) {
    pinned.forEach(unpin);
    throw error;
  }
}

function unpin(path: string): void {
  unmountAll(path);
  rmSync(path, { force: true });
}

/** Gives the socket, where one was wanted. */
function run(task: NamespaceTask): number | undefined {
  if (task.kind === "socket") return visit(task.paths, () => tcpSocket(task.version));
  if (task.kind === "create") create(task);
  else if (task.kind === "adopt") adopt(task);
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
