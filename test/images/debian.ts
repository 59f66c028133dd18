import { execFile } from "node:child_process";
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import type { Entry } from "./tar.ts";

const run = promisify(execFile);
const LIBRARY_FOLDERS = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"];

/** Lists of packages may be missing or older than the archive: then they are fetched and the download tried again. */
async function download(packages: readonly string[], cwd: string): Promise<void> {
  const args = ["-qq", "-o", "APT::Sandbox::User=root", "download", ...packages];
  try {
    await run("apt-get", args, { cwd });
  } catch {
    await run("apt-get", ["-qq", "update"]);
    await run("apt-get", args, { cwd });
  }
}

/** The unpacked contents of Debian packages. Nothing is installed on the machine, no service started. */
export class DebianTree {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  /** Downloads the packages by apt, as its sources say, and unpacks them over each other in a temporary folder. */
  static async unpack(packages: readonly string[]): Promise<DebianTree> {
    const root = await mkdtemp(join(tmpdir(), "critter-debian-"));
    try {
      const downloads = join(root, ".downloads");
      await mkdir(downloads);
      await download(packages, downloads);
      for (const file of await readdir(downloads)) await run("dpkg-deb", ["-x", join(downloads, file), root]);
      await rm(downloads, { recursive: true });
      return new DebianTree(root);
    } catch (error) {
      await rm(root, { recursive: true, force: true });
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#root, { recursive: true, force: true });
  }

  /** One program or file as a layer entry, under its own path or `path`. Mode and content are the package's. */
  async file(source: string, path = source, mode?: number): Promise<Entry> {
    const full = join(this.#root, source);
    const content = await readFile(full);
    return { path, type: "file", content, mode: mode ?? (await lstat(full)).mode & 0o7777 };
  }

  /** The dynamic loader and every library the programs need, with the links by which they are found. */
  async libraries(...programs: string[]): Promise<Entry[]> {
    const paths = new Set<string>();
    for (const program of programs) {
      for (const path of await this.#needs(program)) paths.add(path);
    }
    const entries = new Map<string, Entry>();
    for (const path of paths) await this.#addWithLinks(path, entries);
    return [...entries.values()];
  }

  async #needs(program: string): Promise<string[]> {
    const stdout = await this.#load("--list", join(this.#root, program));
    const found = [...stdout.matchAll(/=> (\/\S+)/g)].map((match) => relative(this.#root, match[1]!));
    const foreign = found.find((path) => path.startsWith(".."));
    if (foreign || /not found/.test(stdout)) {
      throw new Error(`${program} needs a library that none of the packages has:\n${stdout}`);
    }
    return ["lib64/ld-linux-x86-64.so.2", ...found.filter((path) => !path.includes("ld-linux"))];
  }

  /** Runs one of the programs on its own libraries, not the machine's. Answers what it prints. */
  run(program: string, ...args: string[]): Promise<string> {
    return this.#load(join(this.#root, program), ...args);
  }

  async #load(...args: string[]): Promise<string> {
    const loader = await this.#followed(join(this.#root, "lib64/ld-linux-x86-64.so.2"));
    const folders = LIBRARY_FOLDERS.map((folder) => join(this.#root, folder)).join(":");
    const { stdout } = await run(loader, ["--inhibit-cache", "--library-path", folders, ...args]);
    return stdout;
  }

  async #addWithLinks(path: string, entries: Map<string, Entry>): Promise<void> {
    const full = join(this.#root, path);
    if (!(await lstat(full)).isSymbolicLink()) {
      entries.set(path, await this.file(path));
      return;
    }
    const target = await readlink(full);
    entries.set(path, { path, type: "symlink", target });
    const next = target.startsWith("/") ? target.slice(1) : join(path, "..", target);
    await this.#addWithLinks(next, entries);
  }

  /** An absolute link inside the tree points into the tree, not into the machine's own root. */
  async #followed(path: string): Promise<string> {
    if (!(await lstat(path)).isSymbolicLink()) return path;
    const target = await readlink(path);
    return this.#followed(target.startsWith("/") ? join(this.#root, target) : join(path, "..", target));
  }
}
