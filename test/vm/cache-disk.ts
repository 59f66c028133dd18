/** The disk with what `scripts/setup --tests` has made: the test registry's images and the tools, made anew where they change. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { cacheDir } from "../cache.ts";
import { ensureImages, storeFolder } from "../images/store.ts";
import { makeDisk } from "./image/disk.ts";
import { machineCache } from "./image/image.ts";

const run = promisify(execFile);

/** The disk's file. It is laid out as the cache is, so that CRITTER_CACHE may name it. */
export async function ensureCacheDisk(): Promise<string> {
  await ensureImages("base");
  const file = join(machineCache(), `cache-${await key()}.ext4`);
  if (!existsSync(file)) await build(file);
  return file;
}

async function build(file: string): Promise<void> {
  const folder = join(machineCache(), `cache.${process.pid}`);
  const disk = `${folder}.ext4`;
  try {
    await mkdir(join(folder, "images"), { recursive: true });
    await run("cp", ["-a", storeFolder(), join(folder, "images")]);
    for (const made of [toolsFolder(), etcdFolder()]) {
      if (existsSync(made)) await run("cp", ["-a", made, folder]);
    }
    await makeDisk(disk, "cache", folder, "4G");
    for (const old of await readdir(machineCache())) {
      if (/^cache-.*\.ext4$/.test(old)) await rm(join(machineCache(), old));
    }
    await rename(disk, file);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(disk, { force: true });
  }
}

/** The tools are as old as the keys that scripts/setup leaves beside them. */
async function key(): Promise<string> {
  const hash = createHash("sha256").update(basename(storeFolder()));
  const tools = existsSync(toolsFolder()) ? await readdir(toolsFolder()) : [];
  for (const tool of tools.sort()) {
    hash.update(tool);
    const names = (await readdir(join(toolsFolder(), tool))).filter((name) => name.startsWith(".key"));
    for (const name of names.sort()) hash.update(await readFile(join(toolsFolder(), tool, name)));
  }
  if (existsSync(etcdFolder())) hash.update("etcd");
  return hash.digest("hex").slice(0, 16);
}

function etcdFolder(): string {
  return join(cacheDir(), "etcd");
}

function toolsFolder(): string {
  return join(cacheDir(), "bin");
}
