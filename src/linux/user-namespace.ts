/** User namespaces: a threaded process can neither make nor join one, so a helper makes it, with others that it owns. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { IDMapping } from "../cri/messages.ts";
import { type ChildProcess, spawn } from "./child-process.ts";
import { type ProgramError, run } from "./program.ts";
import { type NamespaceType, type Sysctl, sysctlError } from "./sysctls.ts";

/** How a user namespace maps IDs: one range of users, one of groups. */
export interface IdMappings {
  uids: IDMapping;
  gids: IDMapping;
}

/** A user namespace that is kept by a bind mount on a file. */
export type PinnedUserNamespace = IdMappings & { path: string };

/** The host's ID of `id` inside; undefined for one that is not mapped. */
export function hostId({ containerId, hostId, length }: IDMapping, id: number): number | undefined {
  const offset = id - containerId;
  return offset >= 0 && offset < length ? hostId + offset : undefined;
}

/** A user and a group. */
export interface Owner {
  uid: number;
  gid: number;
}

/** Who a user of the inside is on the host; undefined without a user namespace, and for one that is not mapped. */
export function userOnHost(mappings: IdMappings | undefined, user: Owner): Owner | undefined {
  if (!mappings) return undefined;
  const uid = hostId(mappings.uids, user.uid);
  const gid = hostId(mappings.gids, user.gid);
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

/** Who root of the inside is on the host; the host's own without a user namespace. */
export function rootOf(mappings: IdMappings | undefined): Owner {
  const root = { uid: 0, gid: 0 };
  return userOnHost(mappings, root) ?? root;
}

const options: Record<NamespaceType, string> = { net: "--net", ipc: "--ipc", uts: "--uts" };

/** A process that does nothing but be in new namespaces, until it is ended or the daemon dies. */
export class NamespaceHolder {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once("close", resolve).once("error", resolve));
  }

  /**
   * Makes a user namespace with the given mappings, and one of each of `types` that belongs to it. Rejects with an error
   * that says what unshare(1) or the kernel says.
   */
  static async start(types: readonly NamespaceType[], mappings: IdMappings): Promise<NamespaceHolder> {
    // cat tells when the namespaces are there, by its echo, and ends when the daemon does, whose end of the pipe goes then.
    const args = ["--user", ...types.map((type) => options[type]), "cat"];
    const child = spawn("unshare", args, { stdio: ["pipe", "pipe", "pipe"] });
    const holder = new NamespaceHolder(child);
    try {
      await holder.#ready();
      writeFileSync(`/proc/${holder.pid}/uid_map`, line(mappings.uids));
      writeFileSync(`/proc/${holder.pid}/gid_map`, line(mappings.gids));
      return holder;
    } catch (error) {
      await holder.end();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Ends the process; what is pinned stays. */
  async end(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  async #ready(): Promise<void> {
    const { stdin, stdout, stderr } = this.#child;
    let said = "";
    stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    stdin?.on("error", () => {});
    stdin?.write("\n");
    const failed = this.#ended.then((error) => {
      throw new Error(
        `making a user namespace: ${said.trim() || (error instanceof Error ? error.message : "unshare ended")}`,
      );
    });
    await Promise.race([stdout ? once(stdout, "data") : failed, failed]);
    failed.catch(() => {});
  }
}

/**
 * Writes a sysctl as root of a user namespace, from within the IPC namespace that it owns: only its own root may write those of IPC.
 * Rejects with what the kernel says.
 */
export async function writeSysctlAsRoot(
  namespaces: { user: string; ipc: string },
  sysctl: Sysctl,
): Promise<void> {
  const enter = [`--user=${namespaces.user}`, `--ipc=${namespaces.ipc}`, "--setuid=0", "--setgid=0"];
  const write = ["sh", "-c", 'printf %s "$2" > "$1"', "sh", `/proc/sys/${sysctl.path}`, sysctl.value];
  try {
    await run("nsenter", { args: [...enter, ...write], stdout: false });
  } catch (error) {
    throw sysctlError(sysctl.name, sysctl.value, (error as ProgramError).stderr || (error as Error).message);
  }
}

function line({ containerId, hostId, length }: IDMapping): string {
  return `${containerId} ${hostId} ${length}\n`;
}
