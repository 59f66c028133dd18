/** Listening at a Unix socket that an earlier daemon may have left behind. */
import { once } from "node:events";
import { lstatSync, mkdirSync, rmSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";

/** A longer path would have to be cut off. */
const LONGEST_PATH_BYTES = 107;

/** Has `server` listen at `path`, mode 0660, in place of a socket that nobody serves. Rejects when another is there. */
export async function listenAtSocket(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > LONGEST_PATH_BYTES)
    throw new Error(`it has more than ${LONGEST_PATH_BYTES} bytes`);
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  await removeUnused(path);
  const umask = process.umask(0o117);
  try {
    // The socket is made before this returns.
    server.listen(path);
  } finally {
    process.umask(umask);
  }
  await once(server, "listening");
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
