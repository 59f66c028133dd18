/** The machine's own disk, its kernel and initrd: made once, kept in the cache under a key of the recipe in this folder. */
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { cacheDir, sourceKey } from "../../cache.ts";
import { installDebian } from "./debian.ts";
import { makeDisk } from "./disk.ts";
import { configureSystem } from "./system.ts";

export interface MachineImage {
  kernel: string;
  initrd: string;
  /** A raw disk, not to be written to. */
  disk: string;
}

/** The folder of everything that has to do with the machine. */
export function machineCache(): string {
  return join(cacheDir(), "vm");
}

/** The image, built where it is missing: some two minutes. `log` is told so. */
export async function ensureMachineImage(log: (line: string) => void): Promise<MachineImage> {
  const folder = join(machineCache(), sourceKey(import.meta.dirname));
  if (!existsSync(folder)) {
    log("making the machine's image");
    await build(folder);
  }
  return { kernel: join(folder, "vmlinuz"), initrd: join(folder, "initrd"), disk: join(folder, "root.ext4") };
}

async function build(folder: string): Promise<void> {
  const unfinished = `${folder}.${process.pid}`;
  const root = join(unfinished, "root");
  await mkdir(unfinished, { recursive: true });
  try {
    await installDebian(root);
    await configureSystem(root);
    await copyFile(await newest(join(root, "boot"), "vmlinuz-"), join(unfinished, "vmlinuz"));
    await copyFile(await newest(join(root, "boot"), "initrd.img-"), join(unfinished, "initrd"));
    await makeDisk(join(unfinished, "root.ext4"), "root", root, "10G");
    await rm(root, { recursive: true });
    await rename(unfinished, folder);
    await removeOld(folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** An image is half a gigabyte; that of another recipe has had its time. */
async function removeOld(folder: string): Promise<void> {
  const names = (await readdir(machineCache())).filter((name) => /^[0-9a-f]{16}$/.test(name));
  for (const name of names) {
    if (name !== basename(folder)) await rm(join(machineCache(), name), { recursive: true });
  }
}

async function newest(folder: string, prefix: string): Promise<string> {
  const name = (await readdir(folder))
    .filter((candidate) => candidate.startsWith(prefix))
    .sort()
    .at(-1);
  if (!name) throw new Error(`Debian's kernel package left no ${prefix}* in /boot`);
  return join(folder, name);
}
