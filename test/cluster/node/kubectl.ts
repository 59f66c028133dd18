/** kubectl, as the cluster's administrator. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { SLOW } from "../../support/slow.ts";
import { KUBECTL } from "./programs.ts";

export interface KubectlResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface KubectlOptions {
  input?: string | Buffer;
  /** Two minutes where it is absent. */
  seconds?: number;
}

export class Kubectl {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #before: readonly string[];

  private constructor(environment: NodeJS.ProcessEnv, before: readonly string[]) {
    this.#environment = environment;
    this.#before = before;
  }

  /** `folder` gets what it keeps of its own. */
  static with(kubeconfig: string, folder: string): Kubectl {
    const home = join(folder, "home");
    return new Kubectl({ ...process.env, KUBECONFIG: kubeconfig, HOME: home, TERM: "dumb" }, []);
  }

  /** The same for the objects of one namespace. */
  in(namespace: string): Kubectl {
    return new Kubectl(this.#environment, ["--namespace", namespace]);
  }

  /** The command that a shell runs, in the environment that `environment` is. */
  words(...args: string[]): string[] {
    return [KUBECTL, ...this.#before, ...args];
  }

  get environment(): NodeJS.ProcessEnv {
    return this.#environment;
  }

  /** What it prints, without the last newline. Rejects where it ends with another status than 0. */
  async run(args: string[], options?: KubectlOptions): Promise<string> {
    const { exitCode, stdout, stderr } = await this.try(args, options);
    if (exitCode !== 0)
      throw new Error(`kubectl ${args.join(" ")} ended with ${exitCode}: ${stderr}${stdout}`);
    return stdout.replace(/\n$/, "");
  }

  /** Runs it to its end, whatever its status. Rejects where it does not end in time. */
  async try(args: string[], { input, seconds = 120 }: KubectlOptions = {}): Promise<KubectlResult> {
    const child = this.start(args);
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout!.on("data", (chunk) => stdout.push(chunk));
    child.stderr!.on("data", (chunk) => stderr.push(chunk));
    child.stdin!.on("error", () => {}).end(input);
    const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString();
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => {
          child.kill("SIGKILL");
          reject(
            new Error(
              `kubectl ${args.join(" ")} has not ended in ${seconds} s: ${text(stderr)}${text(stdout)}`,
            ),
          );
        },
        seconds * 1000 * SLOW,
      );
      child.on("error", reject);
      child.on("close", (exitCode) => {
        clearTimeout(late);
        resolve({ exitCode: exitCode ?? -1, stdout: text(stdout), stderr: text(stderr) });
      });
    });
  }

  /** Starts it with pipes; whoever did ends it. */
  start(args: string[]): ChildProcess {
    const [command, ...all] = this.words(...args);
    return spawn(command!, all, { env: this.#environment, stdio: ["pipe", "pipe", "pipe"] });
  }

  /** An object as JSON, parsed. */
  async get<T = KubernetesObject>(...what: string[]): Promise<T> {
    return JSON.parse(await this.run(["get", ...what, "--output=json"]));
  }

  /** Makes the objects, or changes them to be so. */
  async apply(...objects: object[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
    await this.run(["apply", "--filename=-"], { input });
  }

  /** Waits, as `kubectl wait` does, for `--for=CONDITION` of WHAT. */
  async wait(condition: string, ...what: string[]): Promise<void> {
    const seconds = 120 * SLOW;
    await this.run(["wait", `--for=${condition}`, `--timeout=${seconds}s`, ...what], {
      seconds: seconds + 10,
    });
  }
}

/** Whatever the apiserver answers. */
export interface KubernetesObject {
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  // biome-ignore lint/suspicious/noExplicitAny: each kind has its own
  spec: any;
  // biome-ignore lint/suspicious/noExplicitAny: each kind has its own
  status: any;
}
