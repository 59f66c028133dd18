// Runs critest against a socket, or a critter started for it: node test/critest/run.ts --socket PATH | --daemon
//   [--focus REGEXP]… [--skip REGEXP]… [--image-socket PATH] [--parallel N] [--registry-prefix P] [--websocket]
//   [--log FILE] [--report FILE]
import { parseArgs } from "node:util";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { startDaemon } from "../support/daemon.ts";
import { useNewRunc } from "../support/new-runc.ts";
import { findCritest, runCritest } from "./critest.ts";
import type { SpecResult } from "./report.ts";
import { tellResults } from "./specs.ts";

const { values } = parseArgs({
  options: {
    socket: { type: "string" },
    daemon: { type: "boolean", default: false },
    "image-socket": { type: "string" },
    focus: { type: "string", multiple: true },
    skip: { type: "string", multiple: true },
    parallel: { type: "string" },
    websocket: { type: "boolean", default: false },
    "registry-prefix": { type: "string" },
    log: { type: "string" },
    report: { type: "string" },
  },
});
const { socket, daemon } = values;
if (!socket && !daemon) throw new Error("one of --socket and --daemon is needed");

const program = findCritest();
if (!program) {
  console.log("critest: not run, it is not on this machine; CRITEST may name it");
} else {
  tellResults(socket ? await specs(program, socket) : await specsOfDaemon(program), values.report);
}

async function specsOfDaemon(program: string): Promise<SpecResult[]> {
  await ensureImages("base");
  await using registry = await Registry.start({ storage: storeFolder() });
  useNewRunc();
  await using daemon = await startDaemon({
    registry: registry.address,
    settings: { "crio.stats": { included_pod_metrics: ["all"] } },
  });
  return await specs(program, daemon.socket);
}

function specs(program: string, socket: string): Promise<SpecResult[]> {
  return runCritest({
    program,
    socket,
    imageSocket: values["image-socket"],
    focus: values.focus,
    skip: values.skip,
    parallel: Number(values.parallel ?? 1),
    websocket: values.websocket,
    registryPrefix: values["registry-prefix"],
    log: values.log,
  });
}
