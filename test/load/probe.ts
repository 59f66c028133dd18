/**
 * Loaded into the daemon under test before its own modules (`--import`): answers on the socket CRITTER_LOAD_PROBE what only the
 * process itself knows. Each line asked, a command of `commands`, is answered by a line of JSON.
 */
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { setFlagsFromString, writeHeapSnapshot } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread } from "node:worker_threads";

/** A look takes some microseconds, so they must be few; what blocks longer than this is never missed. */
const RESOLUTION_MS = 10;

const lateness = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
let utilization = performance.eventLoopUtilization();

const commands: Record<string, (argument: string) => unknown> = {
  /** How late the event loop was since the last time this was asked, in ms, and for which share of the time busy. */
  lateness() {
    const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
    const told = {
      utilization: performance.eventLoopUtilization(utilization).utilization,
      p50: late(lateness.percentile(50)),
      p99: late(lateness.percentile(99)),
      max: late(lateness.max),
    };
    lateness.reset();
    utilization = performance.eventLoopUtilization();
    return told;
  },
  /** After a collection of all garbage: the heap in bytes, and what keeps the event loop busy, by kind. */
  heap() {
    collect();
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    const resources: Record<string, number> = {};
    for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
    return { heap: heapUsed + external + arrayBuffers, resources };
  },
  /** Writes a heap snapshot to the path given. */
  snapshot: (path) => writeHeapSnapshot(path),
};

function collect(): void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  for (let time = 0; time < 3; time++) gc();
}

function serve(path: string): void {
  // The daemon may have been killed before.
  rmSync(path, { force: true });
  lateness.enable();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    createInterface({ input: socket }).on("line", (line) => {
      const [name = "", argument = ""] = line.split(" ");
      socket.write(`${JSON.stringify(commands[name]?.(argument))}\n`);
    });
  });
  server.listen(path).unref();
}

const path = process.env.CRITTER_LOAD_PROBE;
if (path && isMainThread) serve(path);
