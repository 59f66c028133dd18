// The specs that Kubernetes marks [NodeConformance], of those that it has for clusters, against a cluster of one node on critter:
//   node test/node-conformance/run.ts [--focus REGEXP]… [--skip REGEXP]… [--parallel N] [--timeout 2h] [--log FILE]
//   [--report FILE]
import { spawn } from "node:child_process";
import { appendFileSync, createWriteStream, existsSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Cluster } from "../cluster/node/cluster.ts";
import { KUBECTL, missingPrograms } from "../cluster/node/programs.ts";
import { enterOwnNetwork } from "../cluster/own-network.ts";
import { readReport, type SpecResult } from "../critest/report.ts";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { useNewRunc } from "../support/new-runc.ts";
import { pushImages } from "./images.ts";
import { AGNHOST, CERTIFICATE, GINKGO, SPECS } from "./programs.ts";

const { values } = parseArgs({
  options: {
    focus: { type: "string", multiple: true, default: ["\\[NodeConformance\\]"] },
    skip: { type: "string", multiple: true, default: ["\\[(Slow|Serial|Flaky)\\]"] },
    parallel: { type: "string", default: "6" },
    timeout: { type: "string", default: "2h" },
    log: { type: "string" },
    report: { type: "string" },
  },
});

const files = [SPECS, GINKGO, AGNHOST, ...CERTIFICATE];
const missing = [...missingPrograms(), ...files.filter((path) => !existsSync(path))];
if (missing.length > 0) {
  console.error(`${missing[0]} is not there: scripts/setup --kubelet makes it`);
  process.exit(1);
}
/** What the tests of the kubelet have otherwise, and the specs expect as it is by default. */
const AS_ANY_NODE = { allowedUnsafeSysctls: [], crashLoopBackOff: undefined };

enterOwnNetwork();
await ensureImages("base");
useNewRunc();
await using registry = await Registry.start({ storage: storeFolder() });
await using more = await Registry.start();
await pushImages(registry.address, more.address);
const cluster = await Cluster.start({ registry: registry.address, config: AS_ANY_NODE });
try {
  const images = "registry.k8s.io/e2e-test-images";
  const table = `\n[[registry]]\nprefix = "${images}"\nlocation = "${more.address}/${images}"\ninsecure = true\n`;
  appendFileSync(join(cluster.node.daemon.folder, "registries.conf"), table);
  report(await runSpecs(cluster));
  // The specs leave that to the cluster.
  await cluster.kubectl.run(["delete", "namespace", "--selector=e2e-framework"], { seconds: 300 });
  await cluster.assertNothingLeft();
} finally {
  await cluster.saveLogs();
  await cluster.dispose();
}

async function runSpecs({ plane }: Cluster): Promise<SpecResult[]> {
  const folder = await mkdtemp(join(tmpdir(), "critter-specs-"));
  try {
    const file = join(folder, "report.json");
    const args = [
      `--procs=${values.parallel}`,
      "--no-color",
      `--timeout=${values.timeout}`,
      ...values.focus.map((pattern) => `--focus=${pattern}`),
      ...values.skip.map((pattern) => `--skip=${pattern}`),
      `--json-report=${file}`,
      SPECS,
      "--",
      "--provider=skeleton",
      `--kubeconfig=${plane.kubeconfig}`,
      `--host=${plane.server}`,
      `--kubectl-path=${KUBECTL}`,
    ];
    const code = await run(GINKGO, args, folder);
    return await readReport(file).catch((cause) => {
      throw new Error(`ginkgo ended with ${code} and left no report`, { cause });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(program: string, args: string[], cwd: string): Promise<number | string> {
  const log = values.log === undefined ? undefined : createWriteStream(values.log);
  const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) {
    if (log) stream.pipe(log, { end: false });
    else stream.resume();
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      log?.end();
      resolve(code ?? signal ?? 0);
    });
  });
}

function report(results: SpecResult[]): void {
  for (const { outcome, name, message = "" } of results) {
    if (outcome !== "passed") console.log(`${outcome}: ${name}\n  ${message.replaceAll("\n", "\n  ")}`);
  }
  const count = (outcome: SpecResult["outcome"]) =>
    results.filter((result) => result.outcome === outcome).length;
  console.log(`${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`);
  if (values.report) writeFileSync(values.report, `${JSON.stringify(results, null, 2)}\n`);
  process.exitCode = count("failed") > 0 || results.length === 0 ? 1 : 0;
}
