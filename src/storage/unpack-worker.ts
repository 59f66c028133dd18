/** The thread that makes layers, one at a time; what is unpacked is confined to the folder of each. It removes folders too. */
import { rmSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { Confinement } from "../linux/confinement.ts";
import { FileJob } from "./file-job.ts";
import { inheritFolders } from "./implicit-folders.ts";
import { ContentError, UnpackJob } from "./unpack-job.ts";
import { SLOT_BYTES, type WorkerInput, type WorkerReply, type WorkerTask } from "./unpack-messages.ts";

const slots: SharedArrayBuffer = workerData;
const confinement = new Confinement();
const reply = (message: WorkerReply) => parentPort!.postMessage(message);

let job: UnpackJob | FileJob | undefined;
/** What is under way: everything happens in the order it was asked for. */
let tail = Promise.resolve();

parentPort!.on("message", (message: WorkerTask | WorkerInput) => {
  tail = tail.then(() => handle(message)).catch(fail);
});

async function handle(message: WorkerTask | WorkerInput): Promise<void> {
  switch (message.kind) {
    case "unpack":
      job = new UnpackJob(message, confinement);
      await job.resume();
      break;
    case "file":
      job = new FileJob(message);
      job.resume();
      break;
    case "chunk":
      await take(message.slot, message.length);
      break;
    case "end":
      await finish();
      break;
    case "abort":
      if (job) throw new Error("aborted");
      break;
    case "inherit":
      inheritFolders(message.layer, message.folders, message.below);
      reply({ kind: "done" });
      break;
    case "remove":
      rmSync(message.path, { recursive: true, force: true });
      reply({ kind: "done" });
  }
}

async function take(slot: number, length: number): Promise<void> {
  try {
    await job?.write(Buffer.from(slots, slot * SLOT_BYTES, length));
  } finally {
    reply({ kind: "free", slot });
  }
}

async function finish(): Promise<void> {
  // Without a job it has failed already, and been answered.
  if (!job) return;
  const unpacked = await job.end();
  endJob();
  reply({ kind: "done", unpacked });
}

function endJob(): void {
  const ended = job;
  job = undefined;
  ended?.close();
}

function fail(error: Error & { code?: string }): void {
  endJob();
  const digest = error instanceof ContentError ? error.digest : undefined;
  reply({ kind: "failed", message: error.message, code: error.code, digest });
}
