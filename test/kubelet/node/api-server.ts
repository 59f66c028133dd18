/** etcd and a kube-apiserver of one's own on free ports of loopback, for what a kubelet does only with pods that are not static. */
import { generateKeyPairSync } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { Agent, type RequestOptions, request } from "node:https";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { LaunchedPrograms } from "../../cluster/node/launched.ts";
import { APISERVER } from "../../cluster/node/programs.ts";
import { freePort } from "../../support/free-port.ts";

/** Of everybody who asks: nothing is tried of who may do what. */
const TOKEN = "kubelet";

export class ApiServer {
  /** For a kubelet's `--kubeconfig`. */
  readonly kubeconfig: string;
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  readonly #programs: LaunchedPrograms;

  private constructor(folder: string, port: number) {
    this.kubeconfig = join(folder, "kubeconfig");
    this.#port = port;
    this.#programs = new LaunchedPrograms(folder);
  }

  /** Starts both below `folder`, which is made, and waits until objects can be made. */
  static async start(folder: string): Promise<ApiServer> {
    await mkdir(folder, { recursive: true });
    const [clients, peers, port] = [await freePort(), await freePort(), await freePort()];
    const server = new ApiServer(folder, port);
    try {
      await server.#writeFiles(folder);
      const etcd = `http://127.0.0.1:${clients}`;
      server.#programs.launchEtcd(join(folder, "etcd"), etcd, `http://127.0.0.1:${peers}`);
      server.#programs.launch("apiserver", APISERVER, apiserverFlags(folder, etcd, port));
      await server.#programs.untilReady(() => server.ask("GET", "/api/v1/namespaces/default"));
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Rejects where the answer's status is no success. */
  async ask<T>(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: object): Promise<T> {
    const { status, text } = await this.#request(method, path, body);
    if (status < 200 || status > 299) throw new Error(`${method} ${path} answered ${status}: ${text}`);
    return JSON.parse(text);
  }

  /** Undefined where there is no such object. */
  async find<T>(path: string): Promise<T | undefined> {
    const { status, text } = await this.#request("GET", path);
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${text}`);
    return JSON.parse(text);
  }

  /** Calls `look` with every object of a list as it is and as it becomes; `using` ends that. */
  watch<T>(path: string, look: (object: T) => void): Disposable {
    const call = request(
      this.#options("GET", `${path}${path.includes("?") ? "&" : "?"}watch=true`),
      (response) => {
        const lines = createInterface(response);
        lines.on("line", (line) => look(JSON.parse(line).object));
        // It is cut off in the end.
        lines.on("error", () => {});
      },
    );
    call.on("error", () => {});
    call.end();
    return { [Symbol.dispose]: () => void call.destroy() };
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    await this.#programs.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #writeFiles(folder: string): Promise<void> {
    const { privateKey, publicKey } = generateKeyPairSync("ec", {
      namedCurve: "P-256",
      privateKeyEncoding: { type: "sec1", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    await writeFile(join(folder, "accounts.key"), privateKey);
    await writeFile(join(folder, "accounts.pub"), publicKey);
    await writeFile(join(folder, "tokens.csv"), `${TOKEN},everybody,everybody,"system:masters"\n`);
    const cluster = { server: `https://127.0.0.1:${this.#port}`, "insecure-skip-tls-verify": true };
    const kubeconfig = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "own", cluster }],
      users: [{ name: "own", user: { token: TOKEN } }],
      contexts: [{ name: "own", context: { cluster: "own", user: "own" } }],
      "current-context": "own",
    };
    await writeFile(this.kubeconfig, JSON.stringify(kubeconfig));
  }

  #options(method: string, path: string, headers: Record<string, string> = {}): RequestOptions {
    const authorization = `Bearer ${TOKEN}`;
    const all = { authorization, ...headers };
    return { host: "127.0.0.1", port: this.#port, method, path, headers: all, agent: this.#agent };
  }

  #request(method: string, path: string, body?: object): Promise<{ status: number; text: string }> {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const options = this.#options(method, path, { "content-type": type });
    return new Promise((resolve, reject) => {
      const call = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        );
      });
      call.on("error", reject);
      call.end(body && JSON.stringify(body));
    });
  }
}

function apiserverFlags(folder: string, etcd: string, port: number): Record<string, string> {
  return {
    "etcd-servers": etcd,
    "bind-address": "127.0.0.1",
    "advertise-address": "127.0.0.1",
    "endpoint-reconciler-type": "none",
    "secure-port": String(port),
    "cert-dir": join(folder, "certificates"),
    "token-auth-file": join(folder, "tokens.csv"),
    "authorization-mode": "AlwaysAllow",
    // There are no controllers that would make accounts for pods.
    "disable-admission-plugins": "ServiceAccount",
    "allow-privileged": "true",
    "service-cluster-ip-range": "10.96.0.0/16",
    "service-account-issuer": "https://kubernetes.default.svc",
    "service-account-key-file": join(folder, "accounts.pub"),
    "service-account-signing-key-file": join(folder, "accounts.key"),
  };
}
