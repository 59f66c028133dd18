/** critter in the machine as its users have it: npm's package in /opt, a unit of systemd, a configuration in /etc. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { stringify } from "smol-toml";
import { CriClient } from "../../../src/client/cri-client.ts";
import { writeRegistriesConf } from "../../registry/mirrors.ts";
import { waitUntilServing } from "../../support/cri.ts";
import { createNetwork } from "../../support/network.ts";
import type { CgroupManager, OciRuntime } from "../job.ts";

const run = promisify(execFile);
const HOME = "/opt/critter";
const SETTINGS = "/etc/critter";
const PATIENCE_SECONDS = 120;

export const SOCKET = "/run/critter/critter.sock";

/** Unpacks the package, and installs the unit that it brings along: docs/install.md, without npm. */
export async function installCritter(): Promise<void> {
  const archive = (await readdir("/payload")).find((name) => name.endsWith(".tgz"));
  if (!archive) throw new Error("the payload has no package of critter");
  await mkdir(HOME, { recursive: true });
  await run("tar", ["-xzf", join("/payload", archive), "--strip-components=1", "-C", HOME]);
  await symlink(join(HOME, "bin/critter"), "/usr/local/bin/critter");
  await copyFile(join(HOME, "packaging/critter.service"), "/etc/systemd/system/critter.service");
  await run("systemctl", ["daemon-reload"]);
}

/** The service, configured for one runtime. */
export class CritterService {
  readonly #runtime: OciRuntime;
  readonly #cgroupManager: CgroupManager;
  readonly #registry: string;

  constructor(runtime: OciRuntime, cgroupManager: CgroupManager, registry: string) {
    this.#runtime = runtime;
    this.#cgroupManager = cgroupManager;
    this.#registry = registry;
  }

  /** Starts it and waits until it serves and says that runtime and network are ready. */
  async start(): Promise<void> {
    await this.#configure();
    await run("systemctl", ["restart", "critter.service"]);
    using client = new CriClient(SOCKET);
    const { promise: never } = Promise.withResolvers<never>();
    await waitUntilServing(client, PATIENCE_SECONDS, never);
    const { status } = await client.runtime.Status();
    const missing = status?.conditions.filter((condition) => !condition.status) ?? [];
    if (missing.length > 0) throw new Error(`not ready: ${JSON.stringify(missing)}`);
  }

  async stop(): Promise<void> {
    await run("systemctl", ["stop", "critter.service"]);
  }

  /** What the service has logged since its last start. */
  async log(): Promise<string> {
    const { stdout } = await run("journalctl", ["-u", "critter.service", "-I", "-o", "cat", "--no-pager"], {
      maxBuffer: 256 * 1024 * 1024,
    });
    return stdout;
  }

  async #configure(): Promise<void> {
    await mkdir(SETTINGS, { recursive: true });
    if (!existsSync(join(SETTINGS, "cni"))) await createNetwork(SETTINGS, "vm");
    const runtimes = { [this.#runtime]: {} };
    const crio = {
      runtime: {
        cgroup_manager: this.#cgroupManager,
        default_runtime: this.#runtime,
        log_level: "debug",
        runtimes,
      },
      image: { registries_conf: await writeRegistriesConf(SETTINGS, this.#registry) },
      network: { network_dir: join(SETTINGS, "cni") },
      // The specs ask for all of them.
      stats: { included_pod_metrics: ["all"] },
    };
    await writeFile(join(SETTINGS, "crio.conf"), stringify({ crio }));
  }
}
