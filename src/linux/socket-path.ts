/** Listening at a Unix socket that an earlier daemon may have left behind. */
import { chmodSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";

/** A longer path would have to be cut off. */
const LONGEST_PATH_BYTES = 107;

/**
 * Has `bind` make a socket at `path`, of mode 0660, in place of one that nobody serves. Rejects when another is there, or
 * something that is no socket, which stays.
 */
export async function listenAtSocket(path: string, bind: () => Promise<unknown>): Promise<void> {
  if (Buffer.byteLength(path) > LONGEST_PATH_BYTES)
    throw new Error(`it has more than ${LONGEST_PATH_BYTES} bytes`);
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  await removeUnused(path);
  // Until the mode is set nobody else can connect: the daemon's umask, 022, keeps from others the right to write, which that takes.
  await bind();
  chmodSync(path, 0o660);
}

async function removeUnused(path: string): Promise<void> {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (!there) return;
  if (!there.isSocket()) throw new Error("there is something else than a socket");
  if (await isServed(path)) throw new Error("somebody serves it");
  rmSync(path, { force: true });
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
