// Runs the specs against a runtime of their own, or any CRI socket:
//   node test/conformance/run.ts [--runtime critter|containerd | --runtime-endpoint SOCKET] [--only TEXT] [--log]
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { parseArgs } from "node:util";
import { startContainerd } from "../../bench/containerd.ts";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { removeCgroups } from "../support/cgroups.ts";
import { startDaemon } from "../support/daemon.ts";
import { useNewRunc } from "../support/new-runc.ts";

interface RuntimeUnderTest {
  socket: string;
  log?: string;
  stop(): Promise<unknown>;
}

const { values } = parseArgs({
  options: {
    runtime: { type: "string", default: "critter" },
    "runtime-endpoint": { type: "string" },
    only: { type: "string" },
    log: { type: "boolean", default: false },
  },
});

await ensureImages("base");
const registry = await Registry.start({ storage: storeFolder() });
useNewRunc();
const runtime = await start();
process.once("SIGINT", () => void end(130));
process.env.CONTAINER_RUNTIME_ENDPOINT = runtime.socket;
// node:test gives its own children the same variables, so the specs find the socket there.
const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".spec.ts"));
let failures = 0;
const stream = run({
  files: files.sort().map((name) => join(import.meta.dirname, name)),
  // As critest does: the specs of one group look at the images of another.
  concurrency: false,
  execArgv: ["--disable-warning=ExperimentalWarning"],
  ...(values.only && { testNamePatterns: [new RegExp(values.only, "i")] }),
});
stream.on("test:fail", () => failures++);
stream.once("end", () => void end(failures === 0 ? 0 : 1));
stream.compose(spec).pipe(process.stdout);

async function start(): Promise<RuntimeUnderTest> {
  const endpoint = values["runtime-endpoint"];
  if (endpoint) return { socket: endpoint, stop: async () => {} };
  if (values.runtime === "containerd") {
    const containerd = await startContainerd(registry.address);
    return { ...containerd, log: join(containerd.folder, "containerd.log") };
  }
  if (values.runtime !== "critter") throw new Error(`--runtime is ${values.runtime}: critter or containerd`);
  const daemon = await startDaemon({
    registry: registry.address,
    settings: { "crio.stats": { included_pod_metrics: ["all"] } },
  });
  return { socket: daemon.socket, log: join(daemon.folder, "critter.log"), stop: () => daemon.dispose() };
}

async function end(code: number): Promise<void> {
  if (values.log && runtime.log) process.stderr.write(readFileSync(runtime.log));
  await runtime.stop();
  await registry.stop();
  removeCgroups("/critter-conformance");
  process.exit(code);
}
