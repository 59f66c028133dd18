/** Bytes over a pod's network. */
import { connect } from "node:net";

/** Sends them to a server that reads to the end, and waits until it has closed the connection. */
export function send(host: string, port: number, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host);
    socket.once("error", reject);
    socket.once("close", () => resolve());
    socket.end(bytes);
    socket.resume();
  });
}
