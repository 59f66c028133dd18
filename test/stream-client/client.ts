/** The client in Go, which streams as crictl does, as a child process of a test. */
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { cacheDir } from "../cache.ts";
import { type Ended, Program } from "../support/program.ts";

/** What a session is carried by. */
export type Transport = "spdy" | "websocket";

export const TRANSPORTS: readonly Transport[] = ["spdy", "websocket"];

/** Path of the program; throws where it was not built. */
export function streamClient(): string {
  const program = join(cacheDir(), "bin", "stream-client", "stream-client");
  if (existsSync(program)) return program;
  throw new Error(`${program} is missing: scripts/setup --tests builds it`);
}

/** The options that name who is asked: a runtime by its socket, a kubelet by its URL (the target is NAMESPACE/POD[/CONTAINER] then). */
export function askedAt(endpoint: string): string[] {
  return [endpoint.startsWith("https://") ? "--kubelet" : "--endpoint", endpoint];
}

/** A client that runs; `await using` kills it. */
export class StreamClient extends Program {
  /** Runs `stream-client COMMAND ARGS` with a runtime's socket or a kubelet's URL. */
  constructor(endpoint: string, command: string, ...args: string[]) {
    super(streamClient(), [command, ...askedAt(endpoint), ...args]);
  }
}

/** Runs the client to its end, with `input` as its whole standard input. */
export async function runClient(
  endpoint: string,
  args: [command: string, ...args: string[]],
  input: string | Buffer = "",
): Promise<Ended> {
  await using client = new StreamClient(endpoint, ...args);
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
    endpoint: string,
    transport: Transport,
    pod: string,
    ...ports: number[]
  ): Promise<PortForward> {
    const pairs = ports.map((port) => `0:${port}`);
    const client = new StreamClient(endpoint, "port-forward", "--transport", transport, pod, ...pairs);
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
