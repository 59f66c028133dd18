/** Real containers for tests: a rootfs of the machine's busybox, bundles, and one folder, cgroup and runtime root that vanish at the end. */
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { machineCgroups } from "../cgroups/machine.ts";
import { cgroupFolders } from "../cgroups/paths.ts";
import { removeCgroup } from "../cgroups/remove.ts";
import { ExitWatcher } from "./exits.ts";
import { type CreateOptions, Monitor, type MonitoredContainer, type MonitorOptions } from "./monitor.ts";
import { Runtime } from "./runtime.ts";

const applets = [
  "sh",
  "sleep",
  "true",
  "echo",
  "cat",
  "head",
  "setsid",
  "nohup",
  "stty",
  "id",
  "env",
  "dd",
  "kill",
];
const monitorEnv = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"];

export interface BundleOptions {
  args: string[];
  tty?: boolean;
  memoryLimit?: number;
}

/** A place for a test's containers. `remove` ends them all. */
export class TestBed {
  readonly folder = mkdtempSync(join(tmpdir(), "critter-oci-"));
  readonly cgroup = `/${basename(this.folder)}`;
  readonly exitDir = join(this.folder, "exits");
  readonly persistDir = join(this.folder, "persist");
  readonly runtime = new Runtime({
    name: "runc",
    path: "/usr/sbin/runc",
    root: join(this.folder, "runc"),
    systemdCgroup: false,
  });
  readonly monitor = this.monitorOf({});
  readonly exits = new ExitWatcher(this.exitDir, this.persistDir);
  readonly #rootfs = join(this.folder, "rootfs");
  #count = 0;

  constructor() {
    for (const name of ["bin", "proc", "dev", "sys", "tmp"])
      mkdirSync(join(this.#rootfs, name), { recursive: true });
    const busybox = join(this.#rootfs, "bin/busybox");
    copyFileSync("/bin/busybox", busybox);
    for (const applet of applets) linkSync(busybox, join(this.#rootfs, "bin", applet));
    const libraries = execFileSync("ldd", ["/bin/busybox"], { encoding: "utf8" }).match(/\/\S+/g) ?? [];
    for (const library of libraries) {
      mkdirSync(join(this.#rootfs, dirname(library)), { recursive: true });
      copyFileSync(library, join(this.#rootfs, library));
    }
  }

  monitorOf(options: Partial<MonitorOptions>): Monitor {
    const { exitDir, persistDir, runtime } = this;
    return new Monitor({
      path: "/usr/bin/conmon",
      env: monitorEnv,
      exitDir,
      persistDir,
      logSizeMax: -1,
      runtime,
      ...options,
    });
  }

  /** A bundle whose container runs `args`; the options of its creation. */
  bundle({ args, tty = false, memoryLimit }: BundleOptions): CreateOptions {
    const id = `c${++this.#count}`;
    const bundle = join(this.folder, "bundles", id);
    mkdirSync(bundle, { recursive: true });
    execFileSync("runc", ["spec", "--bundle", bundle]);
    const file = join(bundle, "config.json");
    const config = JSON.parse(readFileSync(file, "utf8"));
    Object.assign(config.process, { args, terminal: tty });
    config.root = { path: this.#rootfs, readonly: false };
    config.linux.cgroupsPath = `${this.cgroup}/${id}`;
    if (memoryLimit) config.linux.resources.memory = { limit: memoryLimit };
    writeFileSync(file, JSON.stringify(config));
    return {
      id,
      name: `test-${id}`,
      bundle,
      logPath: join(bundle, "log"),
      stdin: false,
      stdinOnce: false,
      tty,
    };
  }

  /** A container that has been started. */
  async start(options: BundleOptions): Promise<CreateOptions & MonitoredContainer> {
    const created = this.bundle(options);
    const container = await this.monitor.createContainer(created);
    await this.runtime.start(created.id);
    return { ...created, ...container };
  }

  async remove(): Promise<void> {
    this.exits.close();
    for (const { id } of await this.runtime.list()) await this.runtime.delete(id, { force: true });
    await removeCgroup(machineCgroups(), this.cgroup);
    rmSync(this.folder, { recursive: true });
  }

  /** What there is of this bed's cgroups, the deepest first. */
  cgroupFolders(): string[] {
    return cgroupFolders(machineCgroups(), this.cgroup).flatMap(foldersWithin);
  }

  /** The command lines of every process that has to do with this bed. */
  processes(): string[] {
    const lines = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(commandLine);
    return lines.filter((line) => line.includes(this.folder));
  }
}

function foldersWithin(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const children = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...children.flatMap(({ name }) => foldersWithin(join(folder, name))), folder];
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
