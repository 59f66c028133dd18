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

/** Above what nsenter ends with itself: the script ends so much above the number of the sysctl that it could not write. */
const FIRST_FAILURE = 100;
const writeAll = `i=${FIRST_FAILURE}; while [ $# -gt 0 ]; do printf %s "$2" >"$1" || exit $i; shift 2; i=$((i+1)); done`;

/**
 * Writes sysctls as root of a user namespace, from within namespaces that it owns: no other may write those of IPC, and IDs, as in
 * net.ipv4.ping_group_range, are the writer's. INVALID_ARGUMENT with what the kernel says.
 */
export async function writeSysctlsAsRoot(
  namespaces: Partial<Record<NamespaceType | "user", string>>,
  sysctls: readonly Sysctl[],
): Promise<void> {
  if (sysctls.length === 0) return;
  const enter = Object.entries(namespaces).map(([type, path]) => `--${type}=${path}`);
  const values = sysctls.flatMap(({ path, value }) => [`/proc/sys/${path}`, value]);
  const args = [...enter, "--setuid=0", "--setgid=0", "sh", "-c", writeAll, "sh", ...values];
  try {
    await run("nsenter", { args, stdout: false });
  } catch (error) {
    const { exitCode, stderr } = error as ProgramError;
    const sysctl = sysctls[(exitCode ?? 0) - FIRST_FAILURE];
    throw sysctl ? sysctlError(sysctl.name, sysctl.value, stderr) : error;
  }
}

function line({ containerId, hostId, length }: IDMapping): string {
  return `${containerId} ${hostId} ${length}\n`;
}
