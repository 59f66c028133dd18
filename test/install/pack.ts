/** critter's package, as `npm pack` makes it, from a copy of the checkout: its own dist may be in use meanwhile. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const CHECKOUT = join(import.meta.dirname, "..", "..");
const PARTS = ["package.json", "package-lock.json", "crio.conf.example", "README.md", "LICENSE"];
const FOLDERS = ["bench", "bin", "docs", "packaging", "proto", "scripts", "src", "test"];

/** Copies the working tree as it is: what Git knows and what it would take, but for what was deleted. */
export async function copyCheckout(target: string): Promise<void> {
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
  await mkdir(target, { recursive: true });
  await run("cp", ["-a", "--parents", "-t", target, ...files], { cwd: CHECKOUT });
}

/**
 * Packs a copy of the checkout into the folder `target`, and answers the package's file. The packages that critter runs
 * with, and Node.js, are in the copy's node_modules then.
 */
export async function packCritter(copy: string, target: string): Promise<string> {
  await build(copy);
  await copyDependencies(copy);
  // As package.json's `prepack` does, but for the build, which needs packages that are not copied.
  await run(process.execPath, ["scripts/add-node.mjs"], { cwd: copy });
  await run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", target], { cwd: copy });
  await rm(join(copy, "libexec"), { recursive: true });
  const name = (await readdir(target)).find((file) => file.endsWith(".tgz"));
  return join(target, name!);
}

async function build(copy: string): Promise<void> {
  const packages = join(copy, "node_modules");
  await symlink(join(CHECKOUT, "node_modules"), packages);
  await run(join(packages, ".bin/tsc"), ["-p", "tsconfig.build.json"], { cwd: copy });
  await rm(packages);
}

/** The packages that package-lock.json does not call "dev", and Node.js. */
async function copyDependencies(copy: string): Promise<void> {
  const { packages } = JSON.parse(await readFile(join(CHECKOUT, "package-lock.json"), "utf8"));
  for (const [path, { dev }] of Object.entries<{ dev?: boolean }>(packages)) {
    const isWanted = path !== "" && (!dev || path === "node_modules/node");
    const isNested = path.lastIndexOf("node_modules/") > 0;
    if (!isWanted || isNested || !existsSync(join(CHECKOUT, path))) continue;
    await cp(join(CHECKOUT, path), join(copy, path), { recursive: true, preserveTimestamps: true });
  }
}
