/** TCP connections to a pod's own loopback: the socket is opened in the pod's network namespace, and then used from here. */
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { getSystemErrorMessage } from "node:util";
import { messageOf } from "../cri/status-error.ts";
import type { IpVersion } from "../linux/namespace-calls.ts";
import { pinnedNamespaces, type SandboxContext } from "./context.ts";
import type { PodSandboxRecord } from "./record.ts";

const loopback: Record<IpVersion, string> = { 4: "127.0.0.1", 6: "::1" };

/**
 * Connects to `port` of a pod that runs, on 127.0.0.1, or ::1 where that one refuses; on the node's for a pod of the host's
 * network. Either half of the connection ends by itself. Rejects with an error that names port and reason, or with the signal's
 * reason; no descriptor is left then. Once it is connected the signal means nothing.
 */
export async function connectToPod(
  context: SandboxContext,
  record: PodSandboxRecord,
  port: number,
  signal: AbortSignal,
): Promise<Socket> {
  try {
    return await connect(context, record, port, signal);
  } catch (cause) {
    signal.throwIfAborted();
    throw new Error(`connecting to port ${port} in the pod: ${reasonOf(cause)}`, { cause });
  }
}

async function connect(
  context: SandboxContext,
  record: PodSandboxRecord,
  port: number,
  signal: AbortSignal,
): Promise<Socket> {
  const namespace = pinnedNamespaces(context, record).net;
  const connectBy = async (version: IpVersion) => {
    signal.throwIfAborted();
    return connected(await openSocket(context, namespace, version, signal), port, version, signal);
  };
  try {
    return await connectBy(4);
  } catch (refusal) {
    if ((refusal as NodeJS.ErrnoException).code !== "ECONNREFUSED") throw refusal;
    return connectBy(6).catch(() => Promise.reject(refusal));
  }
}

/** A socket that connects from within `namespace`, if there is one: Node takes the descriptor that it is given. */
async function openSocket(
  { namespaces }: SandboxContext,
  namespace: string | undefined,
  version: IpVersion,
  signal: AbortSignal,
): Promise<Socket> {
  if (namespace === undefined) return new Socket({ allowHalfOpen: true });
  const fd = await namespaces.openSocket(namespace, version);
  if (!signal.aborted) return new Socket({ fd, allowHalfOpen: true });
  closeSync(fd);
  throw signal.reason;
}

function connected(socket: Socket, port: number, version: IpVersion, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const onAbort = () => socket.destroy(signal.reason);
    const settle = (act: () => void) => {
      signal.removeEventListener("abort", onAbort);
      socket.off("error", fail);
      act();
    };
    const fail = (error: Error) => settle(() => reject(error));
    signal.addEventListener("abort", onAbort);
    socket.once("error", fail);
    socket.setNoDelay(true);
    socket.connect({ port, host: loopback[version] }, () => settle(() => resolve(socket)));
  });
}

function reasonOf(error: unknown): string {
  const { errno } = error as NodeJS.ErrnoException;
  return typeof errno === "number" ? getSystemErrorMessage(errno) : messageOf(error);
}
