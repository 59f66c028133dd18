// The specs that Kubernetes marks [NodeConformance], of those that it has for clusters, against a cluster of one node on critter:
//   node test/node-conformance/run.ts [--focus REGEXP]… [--skip REGEXP]… [--parallel N] [--timeout 2h] [--log FILE]
//   [--report FILE]
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Cluster } from "../cluster/node/cluster.ts";
import { KUBECTL, missingPrograms } from "../cluster/node/programs.ts";
import { enterOwnNetwork } from "../cluster/own-network.ts";
import type { SpecResult } from "../critest/report.ts";
import { runSpecs, tellResults } from "../critest/specs.ts";
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
  tellResults(await specs(cluster), values.report);
  // The specs leave that to the cluster.
  await cluster.kubectl.run(["delete", "namespace", "--selector=e2e-framework"], { seconds: 300 });
  await cluster.assertNothingLeft();
} finally {
  await cluster.saveLogs();
  await cluster.dispose();
}

function specs({ plane }: Cluster): Promise<SpecResult[]> {
  return runSpecs({
    program: GINKGO,
    inOwnFolder: true,
    log: values.log,
    args: (report) => [
      `--procs=${values.parallel}`,
      "--no-color",
      `--timeout=${values.timeout}`,
      ...values.focus.map((pattern) => `--focus=${pattern}`),
      ...values.skip.map((pattern) => `--skip=${pattern}`),
      `--json-report=${report}`,
      SPECS,
      "--",
      "--provider=skeleton",
      `--kubeconfig=${plane.kubeconfig}`,
      `--host=${plane.server}`,
      `--kubectl-path=${KUBECTL}`,
    ],
  });
}
