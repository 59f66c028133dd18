/** The disk that comes to the machine anew each time: critter as npm packs it, its dependencies, and a checkout for the tests. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeDisk } from "./image/disk.ts";
import type { Job } from "./job.ts";

const run = promisify(execFile);
const CHECKOUT = join(import.meta.dirname, "..", "..");
const PARTS = ["package.json", "package-lock.json", "crio.conf.example", "README.md", "LICENSE"];
const FOLDERS = ["bench", "bin", "docs", "packaging", "proto", "src", "test"];

/** What the system's unit starts; without it the machine stays up. */
const START = `#!/bin/sh
exec /payload/node_modules/node/bin/node --disable-warning=ExperimentalWarning /payload/checkout/test/vm/guest/main.ts
`;

/** Makes the disk in `folder` and answers its file. Without a job nothing is started in the machine. */
export async function makePayload(folder: string, job: Job | undefined): Promise<string> {
  const root = join(folder, "payload");
  const checkout = join(root, "checkout");
  await mkdir(checkout, { recursive: true });
  await copyCheckout(checkout);
  await symlink(join(CHECKOUT, "node_modules"), join(checkout, "node_modules"));
  await pack(checkout, root);
  await rm(join(checkout, "node_modules"));
  await copyDependencies(root);
  await symlink("../node_modules", join(checkout, "node_modules"));
  if (job) {
    await writeFile(join(root, "job.json"), JSON.stringify(job));
    await writeFile(join(root, "start"), START);
    await chmod(join(root, "start"), 0o755);
  }
  const disk = join(folder, "payload.ext4");
  await makeDisk(disk, "payload", root, "2G");
  await rm(root, { recursive: true });
  return disk;
}

/** The working tree as it is: what Git knows and what it would take, but for what was deleted. */
async function copyCheckout(target: string): Promise<void> {
  const list = [
    "ls-files",
    "-z",
    "--cached",
    "--others",
    "--exclude-standard",
    "--",
    ...PARTS,
    ...FOLDERS,
    "tsconfig*.json",
  ];
  const { stdout } = await run("git", list, { cwd: CHECKOUT, maxBuffer: 16 * 1024 * 1024 });
  const files = stdout.split("\0").filter((file) => file !== "" && existsSync(join(CHECKOUT, file)));
  await run("cp", ["-a", "--parents", "-t", target, ...files], { cwd: CHECKOUT });
}

/** Builds the copy, so that what others do to the checkout's dist is no matter, and lets npm pack it. */
async function pack(checkout: string, target: string): Promise<void> {
  await run(join(checkout, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json"], { cwd: checkout });
  await run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", target], { cwd: checkout });
}

/** The packages that package-lock.json does not call "dev". */
async function copyDependencies(target: string): Promise<void> {
  const { packages } = JSON.parse(await readFile(join(CHECKOUT, "package-lock.json"), "utf8"));
  for (const [path, { dev }] of Object.entries<{ dev?: boolean }>(packages)) {
    if (path === "" || dev || path.lastIndexOf("node_modules/") > 0 || !existsSync(join(CHECKOUT, path)))
      continue;
    await cp(join(CHECKOUT, path), join(target, path), { recursive: true, preserveTimestamps: true });
  }
}
