/** A pod's network, IPC and UTS namespaces: made by a thread of their own and kept alive by bind mounts. */
import { rmSync, statfsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { unmountAll } from "./mount.ts";
import type { IpVersion } from "./namespace-calls.ts";
import type { CreateTask, NamespacePaths, NamespaceReply, NamespaceTask } from "./namespaces-worker.ts";
import { type NamespaceType, readSysctls, sysctlError } from "./sysctls.ts";
import { NamespaceHolder, type PinnedUserNamespace, writeSysctlsAsRoot } from "./user-namespace.ts";

const NSFS_MAGIC = 0x6e736673;

// The worker's file ends as this one does: .ts in the checkout, .js in dist.
const workerUrl = new URL(import.meta.url.replace(/namespaces(\.[jt]s)$/, "namespaces-worker$1"));

/** What to make: a namespace for each path given, which is the file it is pinned on and must not exist yet. */
export interface NamespaceRequest extends NamespacePaths {
  /** Set in the new UTS namespace. */
  hostname?: string;
  /** By name; each must belong to one of the new namespaces. */
  sysctls?: Record<string, string>;
  /** A user namespace that owns the others, to be made and pinned too; absent for none. */
  user?: PinnedUserNamespace;
}

interface Pending {
  task: NamespaceTask;
  resolve: (reply: NamespaceReply) => void;
  reject: (error: Error) => void;
}

/** Makes namespaces in one long-lived thread; should that thread be lost, the next request starts another. */
export class NamespaceMaker {
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #lastId = 0;

  /** Starts the thread ahead of the first request. */
  start(): void {
    this.#worker ??= this.#startWorker();
  }

  /**
   * Makes the namespaces, with `lo` up, the hostname and the sysctls set, and pins each on its path (parents are
   * made). Rejects with INVALID_ARGUMENT for a sysctl, otherwise with an error that names the call; nothing is left then.
   */
  async create(request: NamespaceRequest): Promise<void> {
    const { hostname, sysctls = {}, user, ...wanted } = request;
    const paths = present(wanted);
    const types = Object.keys(paths) as NamespaceType[];
    const settings = readSysctls(sysctls, new Set(types));
    if (user) await this.#createOwned(user, { paths, hostname, sysctls: settings });
    else if (types.length > 0) await this.#run({ kind: "create", paths, hostname, sysctls: settings });
  }

  /** Makes the user namespace, and the others as its own. */
  async #createOwned(user: PinnedUserNamespace, wanted: Omit<CreateTask, "kind">): Promise<void> {
    const { paths, hostname } = wanted;
    // Names of the UTS namespace are the host's root's to write, whoever owns it.
    const ofRoot = wanted.sysctls.filter(({ namespace }) => namespace !== "uts");
    const sysctls = wanted.sysctls.filter((sysctl) => !ofRoot.includes(sysctl));
    const all = { user: user.path, ...paths };
    const holder = await NamespaceHolder.start(Object.keys(paths) as NamespaceType[], user);
    try {
      await this.#run({ kind: "adopt", paths, hostname, sysctls, pid: holder.pid, user: user.path });
      await writeSysctlsAsRoot(all, ofRoot).catch((error) => {
        Object.values(all).forEach(removeNamespace);
        throw error;
      });
    } finally {
      await holder.end();
    }
  }

  /** Writes sysctls inside namespaces that exist: those of interfaces, once CNI has made these. */
  async writeSysctls(namespaces: NamespacePaths, sysctls: Record<string, string>): Promise<void> {
    const paths = present(namespaces);
    const settings = readSysctls(sysctls, new Set(Object.keys(paths) as NamespaceType[]));
    if (settings.length === 0) return;
    await this.#run({ kind: "sysctls", paths, sysctls: settings });
  }

  /**
   * Opens a TCP socket in the network namespace pinned at `path`, for IPv4 or IPv6: non-blocking, not connected; the caller closes
   * it. Rejects with an error that names the call.
   */
  async openSocket(path: string, version: IpVersion): Promise<number> {
    const { socket } = await this.#run({ kind: "socket", paths: { net: path }, version });
    return socket as number;
  }

  /** Ends the thread; requests under way are rejected. Namespaces stay. */
  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #run(task: NamespaceTask): Promise<NamespaceReply> {
    this.start();
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { task, resolve, reject });
      this.#worker?.postMessage({ id, task });
    });
  }

  #startWorker(): Worker {
    const worker = new Worker(workerUrl, { name: "namespaces" });
    worker.on("message", (reply: NamespaceReply) => this.#settle(reply));
    worker.on("error", (error) => this.#lose(worker, error));
    worker.on("exit", () => this.#lose(worker, new Error("the namespace thread ended")));
    return worker;
  }

  #settle(reply: NamespaceReply): void {
    const pending = this.#pending.get(reply.id);
    if (!pending) return;
    this.#pending.delete(reply.id);
    if (reply.failure) pending.reject(errorOf(pending.task, reply.failure));
    else pending.resolve(reply);
  }

  #lose(worker: Worker, cause: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    for (const { task, reject } of lost) {
      if (task.kind === "create" || task.kind === "adopt") Object.values(task.paths).forEach(removeNamespace);
      if (task.kind === "adopt") removeNamespace(task.user);
      reject(new Error(`${deeds[task.kind]}: ${cause.message}`, { cause }));
    }
  }
}

/** Unpins the namespace at `path`, which ends with its last process; one that is absent is fine. */
export function removeNamespace(path: string): void {
  unmountAll(path);
  rmSync(path, { force: true });
}

/** True when a namespace is pinned at `path`; what tells a live pod's file from what a reboot left. */
export function isNamespace(path: string): boolean {
  try {
    return statfsSync(path).type === NSFS_MAGIC;
  } catch {
    return false;
  }
}

const deeds: Record<NamespaceTask["kind"], string> = {
  create: "making namespaces",
  adopt: "making namespaces",
  sysctls: "making namespaces",
  socket: "opening a socket in a network namespace",
};

function errorOf(task: NamespaceTask, { message, sysctl }: NonNullable<NamespaceReply["failure"]>): Error {
  if (sysctl) return sysctlError(sysctl.name, sysctl.value, message);
  return new Error(`${deeds[task.kind]}: ${message}`);
}

function present(paths: NamespacePaths): NamespacePaths {
  const types = (["net", "ipc", "uts"] as const).filter((type) => paths[type] !== undefined);
  return Object.fromEntries(types.map((type) => [type, paths[type]]));
}
