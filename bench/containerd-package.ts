/** Debian's containerd, unpacked into the cache: it is the peer critter is compared with, and is never installed. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheDir } from "../test/cache.ts";

const run = promisify(execFile);

/** The folder of `containerd` and `containerd-shim-runc-v2`; downloads and unpacks the package where it is absent. */
export async function containerdPrograms(): Promise<string> {
  if (!existsSync(join(programs(), "containerd"))) await unpack(join(cacheDir(), "containerd"));
  return programs();
}

/** The version of the containerd in the cache, as `1.6.20~ds1`; undefined where there is none, or none that runs. */
export async function cachedContainerdVersion(): Promise<string | undefined> {
  try {
    return (await run(join(programs(), "containerd"), ["--version"])).stdout.split(" ")[2];
  } catch {
    return undefined;
  }
}

function programs(): string {
  return join(cacheDir(), "containerd", "usr", "bin");
}

async function unpack(target: string): Promise<void> {
  const folder = await mkdtemp(`${target}.`);
  try {
    await run("apt-get", ["download", "-q", "containerd"], { cwd: folder });
    const [archive] = await readdir(folder);
    await run("dpkg-deb", ["-x", archive!, "tree"], { cwd: folder });
    await rm(target, { recursive: true, force: true });
    await rename(join(folder, "tree"), target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) await containerdPrograms();
