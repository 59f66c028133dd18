/** When a runtime that was just started has its containers again. */
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { CriClient } from "../../src/client/cri-client.ts";

/** How often it is asked, in ms: the time that is measured is so much too long at most. */
const INTERVAL_MS = 5;
/** A list that is not there in this time never comes. */
const PATIENCE_MS = 120_000;

/** Resolves once the runtime at `socket` lists as many running containers as there are; rejects with `gone`, if it ends before. */
export async function listedAgain(socket: string, running: number, gone?: Promise<never>): Promise<void> {
  const giveUp = performance.now() + PATIENCE_MS;
  for (;;) {
    const attempt = runningContainers(socket);
    const listed = await (gone ? Promise.race([attempt, gone]) : attempt);
    if (listed === running) return;
    if (performance.now() > giveUp)
      throw new Error(`${socket} lists ${listed} of ${running} containers as running`);
    await sleep(INTERVAL_MS);
  }
}

/** How many containers are listed as running; undefined while nobody answers, or only with an error. */
async function runningContainers(socket: string): Promise<number | undefined> {
  // A client of gRPC would wait longer between two attempts, and costs more.
  if (!(await isListening(socket))) return undefined;
  using client = new CriClient(socket, 10_000);
  const answer = await client.runtime.ListContainers().catch(() => undefined);
  return answer?.containers.filter(({ state }) => state === "CONTAINER_RUNNING").length;
}

async function isListening(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
