/** The thread that walks writable layers: it is given folders, tells of each when it is done, and ends. */
import { setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { type DiskUsage, diskUsage } from "./disk-usage.ts";

/** What the thread tells of each folder, in the order given. */
export interface DiskUsageReply {
  folder: string;
  /** Undefined when the folder is gone or cannot be read. */
  usage: DiskUsage | undefined;
  durationMs: number;
  failure?: string;
}

// On Linux this is the calling thread's alone: everybody else goes first.
setPriority(19);

for (const folder of workerData as string[]) {
  const began = performance.now();
  const reply: DiskUsageReply = { folder, usage: undefined, durationMs: 0 };
  try {
    reply.usage = diskUsage(folder);
  } catch (error) {
    reply.failure = String(error);
  }
  reply.durationMs = performance.now() - began;
  parentPort!.postMessage(reply);
}
