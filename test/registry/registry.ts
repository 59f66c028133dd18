import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { bcryptEntry } from "./htpasswd.ts";

export interface RegistryOptions {
  /** Folder with the registry's storage. Default: an empty one, removed with the registry. */
  storage?: string;
  /** Whether it takes pushes. Default: only where `storage` is not given. */
  writable?: boolean;
  /** Ask for this name and password (HTTP basic). Default: anybody may pull. */
  auth?: { username: string; password: string };
  /** File to which the registry's log is added. Default: the log is dropped. */
  log?: string;
}

/** Debian's docker-registry on a free port of 127.0.0.1, plain HTTP. The kernel ends it when its parent dies. */
export class Registry {
  /** Host and port, as image references and `registries.conf` write them. */
  readonly address: string;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(address: string, child: ChildProcess, folder: string) {
    this.address = address;
    this.#child = child;
    this.#folder = folder;
  }

  /** Starts the registry and waits until it listens. Rejects with the end of its log when it does not come up. */
  static async start(options: RegistryOptions = {}): Promise<Registry> {
    const folder = await mkdtemp(join(tmpdir(), "critter-registry-"));
    try {
      const config = join(folder, "config.json");
      await writeFile(config, JSON.stringify(await configuration(options, folder)));
      const child = spawn("setpriv", ["--pdeathsig", "KILL", "docker-registry", "serve", config], {
        stdio: ["ignore", "ignore", "pipe"],
        env: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
      });
      return new Registry(await listening(child, options.log), child, folder);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Ends the registry and removes its temporary files. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = new Promise((resolve) => this.#child.once("exit", resolve));
      this.#child.kill("SIGKILL");
      await gone;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** The registry reads YAML, of which JSON is a part. */
async function configuration(options: RegistryOptions, folder: string): Promise<object> {
  const writable = options.writable ?? options.storage === undefined;
  return {
    version: "0.1",
    log: { level: "info", accesslog: { disabled: options.log === undefined } },
    storage: {
      filesystem: { rootdirectory: options.storage ?? join(folder, "storage") },
      cache: { blobdescriptor: "inmemory" },
      delete: { enabled: false },
      maintenance: { uploadpurging: { enabled: false }, readonly: { enabled: !writable } },
    },
    http: { addr: "127.0.0.1:0", secret: "loopback" },
    ...(options.auth && { auth: await basicAuth(options.auth, folder) }),
  };
}

async function basicAuth(auth: { username: string; password: string }, folder: string): Promise<object> {
  const path = join(folder, "htpasswd");
  await writeFile(path, await bcryptEntry(auth.username, auth.password));
  return { htpasswd: { realm: "critter tests", path } };
}

/** The address in the line with which the registry says that it listens: the kernel chose the port. */
function listening(child: ChildProcess, log: string | undefined): Promise<string> {
  const file = log === undefined ? undefined : createWriteStream(log, { flags: "a" });
  const seen: string[] = [];
  return new Promise((resolve, reject) => {
    let up = false;
    createInterface({ input: child.stderr! }).on("line", (line) => {
      file?.write(`${line}\n`);
      if (up) return;
      seen.push(line);
      const address = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (!address) return;
      up = true;
      resolve(address);
    });
    child.once("error", reject);
    child.once("close", () => {
      file?.end();
      reject(new Error(`docker-registry ended before it listened:\n${seen.slice(-5).join("\n")}`));
    });
  });
}
