/** Exec through the kubelet's port, over a WebSocket (v5.channel.k8s.io), which is passed on to the runtime's stream. */
import { WebSocket } from "ws";
import { SLOW } from "../../support/slow.ts";
import type { Pod } from "./kubernetes.ts";

export interface ExecResult {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** First byte of each message. */
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;

interface ExecStatus {
  status: "Success" | "Failure";
  message?: string;
  details?: { causes?: { reason: string; message: string }[] };
}

/** Runs a command in a container to its end. Rejects where it cannot be run, or not within 30 seconds. */
export function execInContainer(
  port: number,
  { metadata }: Pick<Pod, "metadata">,
  container: string,
  command: readonly string[],
): Promise<ExecResult> {
  const query = new URLSearchParams({ output: "1", error: "1" });
  for (const word of command) query.append("command", word);
  const path = `/exec/${metadata.namespace}/${metadata.name}/${container}?${query}`;
  const socket = new WebSocket(`wss://127.0.0.1:${port}${path}`, "v5.channel.k8s.io", {
    rejectUnauthorized: false,
  });
  const channels = new Map<number, Buffer[]>();
  const text = (channel: number) => Buffer.concat(channels.get(channel) ?? []).toString();
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      socket.terminate();
      reject(new Error(`exec ${command.join(" ")} in ${metadata.name}/${container}: ${why}`));
    };
    const patience = setTimeout(() => fail("it does not end"), 30_000 * SLOW);
    socket.on("message", (message: Buffer) => {
      const chunks = channels.get(message[0]!) ?? [];
      channels.set(message[0]!, [...chunks, message.subarray(1)]);
    });
    socket.on("unexpected-response", (_, response) => {
      response.setEncoding("utf8").on("data", (body) => fail(`${response.statusCode}: ${body}`));
    });
    socket.on("error", (error) => fail(error.message));
    socket.on("close", (code) => {
      clearTimeout(patience);
      if (text(STATUS) === "") return fail(`the stream was closed (${code}) without a status`);
      const exitCode = exitCodeOf(JSON.parse(text(STATUS)));
      if (exitCode === undefined) return fail(text(STATUS));
      resolve({ stdout: text(STDOUT), stderr: text(STDERR), exitCode });
    });
  });
}

/** Undefined where the command was not run. */
function exitCodeOf({ status, details }: ExecStatus): number | undefined {
  if (status === "Success") return 0;
  const cause = details?.causes?.find(({ reason }) => reason === "ExitCode");
  return cause && Number(cause.message);
}
