/** An OCI runtime (runc, crun) by its command line, as a handler of crio.conf configures it. */
import { mkdirSync } from "node:fs";
import { ProgramError, type ProgramOptions, type ProgramResult, run } from "../linux/program.ts";
import { observeStep } from "../observation.ts";
import { cgroupRemoval } from "./container-cgroup.ts";
import { KnownFeatures } from "./known-features.ts";
import { RuntimeError, runtimeMessage } from "./runtime-error.ts";
import { dropRubbishRecord } from "./runtime-record.ts";

/** None of these commands waits for a container; one that takes so long is stuck. */
const TIMEOUT_MS = 60_000;
/** So that a failed start and its end fit into the kubelet's two minutes. */
const DELETE_TIMEOUT_MS = 30_000;
/** Of what only has to be told. */
const ANSWER_TIMEOUT_MS = 10_000;

export interface RuntimeOptions {
  /** The handler's name. */
  name: string;
  /** The runtime's program. */
  path: string;
  /** Folder of the runtime's own state. It is made when missing. */
  root: string;
  /** Whether systemd makes the cgroups. */
  systemdCgroup: boolean;
  /** Environment of the runtime; the daemon's own when absent. */
  env?: NodeJS.ProcessEnv;
}

/** A container as the runtime sees it (OCI runtime specification, "State"). */
export interface RuntimeState {
  id: string;
  pid: number;
  status: "creating" | "created" | "running" | "stopped" | "paused";
  bundle: string;
}

/** What a runtime says of itself (OCI runtime specification, "Features"), as far as it is used here. */
export interface RuntimeFeatures {
  hooks?: string[];
  mountOptions?: string[];
  linux?: {
    namespaces?: string[];
    capabilities?: string[];
    seccomp?: { enabled?: boolean };
    apparmor?: { enabled?: boolean };
    selinux?: { enabled?: boolean };
    mountExtensions?: { idmap?: { enabled?: boolean } };
  };
  annotations?: Record<string, string>;
}

/** One configured runtime handler. Every method throws RuntimeError with what the runtime said. */
export class Runtime {
  readonly name: string;
  readonly path: string;
  readonly root: string;
  readonly systemdCgroup: boolean;
  readonly env: NodeJS.ProcessEnv | undefined;
  readonly #features: KnownFeatures;

  constructor({ name, path, root, systemdCgroup, env }: RuntimeOptions) {
    this.name = name;
    this.path = path;
    this.root = root;
    this.systemdCgroup = systemdCgroup;
    this.env = env;
    this.#features = new KnownFeatures(name, () => this.#readFeatures());
    mkdirSync(root, { recursive: true, mode: 0o711 });
  }

  /** The options before the command: state folder, cgroup manager, log lines as JSON. */
  get globalArgs(): string[] {
    const args = ["--root", this.root, "--log-format", "json"];
    return this.systemdCgroup ? [...args, "--systemd-cgroup"] : args;
  }

  /** Lets the process of a created container begin. Rejects with the signal's reason when that ends it. */
  async start(id: string, signal?: AbortSignal): Promise<void> {
    await this.#command("start", id, [id], { signal });
  }

  /** Sends `signal` (a number or a name) to the container's first process, with `all` to every one. */
  async kill(id: string, signal: number | string, { all = false } = {}): Promise<void> {
    await this.#command("kill", id, [...(all ? ["--all"] : []), id, String(signal)]);
  }

  /** Deletes a container; one that does not exist is no error. `force` kills a running one first, and takes half-made ones away. */
  async delete(id: string, { force = false } = {}): Promise<void> {
    const removeCgroups = cgroupRemoval(this, id);
    try {
      await this.#command("delete", id, [...(force ? ["--force"] : []), id], {
        timeoutMs: DELETE_TIMEOUT_MS,
      });
    } catch (error) {
      const isGone = error instanceof RuntimeError && error.notFound;
      if (!isGone && !(force && dropRubbishRecord(this, id))) throw error;
    }
    await removeCgroups();
  }

  /** The container's state; undefined when there is no such container. */
  async state(id: string): Promise<RuntimeState | undefined> {
    try {
      return JSON.parse(await this.#read("state", [id], id));
    } catch (error) {
      if (error instanceof RuntimeError && error.notFound) return undefined;
      throw error;
    }
  }

  /** Changes a container's limits. `resources` is LinuxResources of the OCI runtime specification. */
  async update(id: string, resources: object): Promise<void> {
    await this.#command("update", id, ["--resources", "-", id], { input: JSON.stringify(resources) });
  }

  /** Every container in the runtime's state folder. */
  async list(): Promise<RuntimeState[]> {
    // runc prints "null" when there is none.
    return JSON.parse(await this.#read("list", ["--format", "json"])) ?? [];
  }

  /** What the runtime can do; undefined with one that is too old to say, or cannot at present. It is asked until it has answered. */
  features(): Promise<RuntimeFeatures | undefined> {
    return this.#features.get();
  }

  /** The first line of `--version`, such as `runc version 1.1.5`. */
  async version(): Promise<string> {
    const { stdout } = await this.#run("--version", undefined, ["--version"], {
      stdout: true,
      timeoutMs: ANSWER_TIMEOUT_MS,
    });
    return stdout.toString().split("\n", 1)[0]!.trim();
  }

  async #readFeatures(): Promise<RuntimeFeatures> {
    return JSON.parse(await this.#read("features", []));
  }

  async #read(command: string, args: string[], id?: string): Promise<string> {
    const { stdout } = await this.#run(command, id, [...this.globalArgs, command, ...args], {
      stdout: true,
      timeoutMs: ANSWER_TIMEOUT_MS,
    });
    return stdout.toString();
  }

  async #command(
    command: string,
    id: string,
    args: string[],
    options: Pick<ProgramOptions, "input" | "timeoutMs" | "signal"> = {},
  ): Promise<void> {
    await this.#run(command, id, [...this.globalArgs, command, ...args], { stdout: false, ...options });
  }

  #run(
    command: string,
    containerId: string | undefined,
    args: string[],
    { timeoutMs = TIMEOUT_MS, ...options }: Partial<ProgramOptions>,
  ): Promise<ProgramResult> {
    return observeStep("runtime.call", { handler: this.name, command, containerId }, async () => {
      try {
        return await run(this.path, { args, env: this.env, timeoutMs, ...options });
      } catch (error) {
        if (!(error instanceof ProgramError)) throw error;
        throw failure(`${this.name} ${command}`, error, timeoutMs);
      }
    });
  }
}

function failure(command: string, cause: ProgramError, timeoutMs: number): RuntimeError {
  const { stderr, timedOut } = cause;
  if (timedOut) return RuntimeError.timedOut(command, timeoutMs, runtimeMessage(stderr), { cause });
  return new RuntimeError(command, stderr === "" ? cause.message : runtimeMessage(stderr), { cause });
}
