/** The client in Go, which streams as crictl does, as a child process of a test. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { cacheDir } from "../cache.ts";

/** What a session is carried by. */
export type Transport = "spdy" | "websocket";

export const TRANSPORTS: readonly Transport[] = ["spdy", "websocket"];

export interface Ended {
  stdout: Buffer;
  stderr: string;
  /** The exit code, or the signal that ended the client. */
  code: number | string;
}

/** Path of the program; throws where it was not built. */
export function streamClient(): string {
  const program = join(cacheDir(), "bin", "stream-client", "stream-client");
  if (existsSync(program)) return program;
  throw new Error(`${program} is missing: scripts/setup --tests builds it`);
}

/** A client that runs; `await using` kills it. */
export class StreamClient {
  readonly pid: number;
  readonly stdin: Writable;
  /** Settles when the client has ended and its output was read. */
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #stdout: Buffer[] = [];
  #stderr = "";

  /** Runs `stream-client COMMAND --endpoint SOCKET ARGS`. */
  constructor(socket: string, command: string, ...args: string[]) {
    this.#child = spawn(streamClient(), [command, "--endpoint", socket, ...args]);
    this.pid = this.#child.pid!;
    this.stdin = this.#child.stdin;
    // The client may end before it has read everything.
    this.stdin.on("error", () => {});
    this.stdout.on("data", (chunk) => this.#stdout.push(chunk));
    this.#child.stderr.setEncoding("utf8").on("data", (text) => (this.#stderr += text));
    this.ended = new Promise((resolve) => {
      this.#child.once("close", (code, signal) =>
        resolve({ stdout: Buffer.concat(this.#stdout), stderr: this.#stderr, code: code ?? signal ?? "" }),
      );
    });
  }

  get stdout(): Readable {
    return this.#child.stdout;
  }

  /** All standard output so far. */
  get text(): string {
    return Buffer.concat(this.#stdout).toString();
  }

  /** Waits until the output has what is looked for, ten seconds at most, and answers what it found. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const gone = this.ended.then(({ code, stderr }) => `it ended with ${code}: ${stderr}`);
    const late = AbortSignal.timeout(10_000);
    for (;;) {
      const found = pattern.exec(this.text);
      if (found) return found;
      const why = await Promise.race([gone, this.#moreOutput(late)]);
      if (why && !pattern.test(this.text)) {
        throw new Error(`${pattern} did not come, ${why}; there is: ${JSON.stringify(this.text)}`);
      }
    }
  }

  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.ended;
  }

  /** Settles with the next output, or says that there was none in time. */
  #moreOutput(late: AbortSignal): Promise<string | undefined> {
    return new Promise((resolve) => {
      const done = (why?: string) => {
        this.stdout.off("data", onData);
        late.removeEventListener("abort", onLate);
        resolve(why);
      };
      const onData = () => done();
      const onLate = () => done("it is late");
      this.stdout.once("data", onData);
      late.addEventListener("abort", onLate);
      if (late.aborted) onLate();
    });
  }
}

/** Runs the client to its end, with `input` as its whole standard input. */
export async function runClient(
  socket: string,
  args: [command: string, ...args: string[]],
  input: string | Buffer = "",
): Promise<Ended> {
  await using client = new StreamClient(socket, ...args);
  client.stdin.end(input);
  return await client.ended;
}

/** A port-forward, and the local ports of 127.0.0.1 that it listens on. */
export class PortForward {
  readonly client: StreamClient;
  readonly ports: number[];

  private constructor(client: StreamClient, ports: number[]) {
    this.client = client;
    this.ports = ports;
  }

  /** Forwards any free local ports to `ports` of a pod. */
  static async start(
    socket: string,
    transport: Transport,
    pod: string,
    ...ports: number[]
  ): Promise<PortForward> {
    const pairs = ports.map((port) => `0:${port}`);
    const client = new StreamClient(socket, "port-forward", "--transport", transport, pod, ...pairs);
    const local: number[] = [];
    try {
      for (const port of ports) {
        const [, number] = await client.says(new RegExp(`Forwarding from 127.0.0.1:(\\d+) -> ${port}\\n`));
        local.push(Number(number));
      }
    } catch (error) {
      client.kill();
      throw error;
    }
    return new PortForward(client, local);
  }

  /** Connects to a local port, sends `input`, closes that half, and answers everything that comes back. */
  async ask(at: number, input: string | Buffer = ""): Promise<Buffer> {
    const socket = connect({ host: "127.0.0.1", port: this.ports[at]!, allowHalfOpen: true });
    socket.end(input);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
  }
}
