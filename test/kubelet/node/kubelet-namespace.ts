/**
 * The mount namespace of a kubelet under test. Some paths are not to be configured: it makes links in /var/log/containers and a socket
 * in /var/lib/kubelet/device-plugins, and would set the machine's sysctls.
 */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Sysctls as the kubelet wants to see them. */
const SYSCTLS = {
  "vm/overcommit_memory": "1",
  "vm/panic_on_oom": "0",
  "kernel/panic": "10",
  "kernel/panic_on_oops": "1",
  "kernel/keys/root_maxkeys": "1000000",
  "kernel/keys/root_maxbytes": "25000000",
};

/** Folders that are the kubelet's own in its namespace. */
const FOLDERS = ["/var/lib", "/var/log"];

/** Makes `folder` a mount that is shared with the namespace: what the kubelet mounts there is for the runtime. */
export async function shareFolder(folder: string): Promise<void> {
  await run("mount", ["--bind", folder, folder]);
  await run("mount", ["--make-private", folder]);
  await run("mount", ["--make-shared", folder]);
}

/** What starts a program in the namespace; `folder`, which must be shared, gets a folder "stand-ins" for what it sees there. */
export async function inNamespace(folder: string): Promise<[command: string, ...args: string[]]> {
  const standIns = join(folder, "stand-ins");
  const binds: [source: string, target: string][] = [];
  for (const target of FOLDERS) {
    const source = join(standIns, basename(target));
    await mkdir(source, { recursive: true });
    binds.push([source, target]);
  }
  for (const [name, value] of Object.entries(SYSCTLS)) {
    const source = join(standIns, basename(name));
    await writeFile(source, `${value}\n`);
    binds.push([source, `/proc/sys/${name}`]);
  }
  return ["unshare", "--mount", "--propagation", "unchanged", "sh", "-c", script(binds), "kubelet"];
}

/** A shared mount would carry to the machine what is mounted on it. */
function script(binds: [source: string, target: string][]): string {
  const privately = ["/", "/proc", "/var", ...FOLDERS].map(
    (path) => `if mountpoint -q ${path}; then mount --make-private ${path}; fi`,
  );
  const mounts = binds.map(([source, target]) => `mount --bind '${source}' ${target}`);
  return ["set -e", ...privately, ...mounts, 'exec "$@"'].join("\n");
}
