/** The suites of faults of what the daemon works with: CNI plugins, runtimes, monitors, registries; and of clients that ask again. */
import { cniAnswersSuite } from "./cni-answers.ts";
import { cniBetweenSuite } from "./cni-between.ts";
import { cniHangsSuite } from "./cni-hangs.ts";
import type { RunnableSuite } from "./fault.ts";
import { monitorAnswersSuite } from "./monitor-answers.ts";
import { monitorEndsSuite } from "./monitor-ends.ts";
import { registryRetriesSuite } from "./registry-retries.ts";
import { retriesContainersSuite } from "./retries-containers.ts";
import { retriesPodsSuite } from "./retries-pods.ts";
import { runtimeAnswersSuite } from "./runtime-answers.ts";
import { runtimeHangsSuite } from "./runtime-hangs.ts";
import { runtimeOutsideSuite } from "./runtime-outside.ts";

export const programSuites: readonly RunnableSuite[] = [
  cniAnswersSuite,
  cniBetweenSuite,
  cniHangsSuite,
  runtimeAnswersSuite,
  runtimeHangsSuite,
  runtimeOutsideSuite,
  monitorAnswersSuite,
  monitorEndsSuite,
  retriesPodsSuite,
  retriesContainersSuite,
  registryRetriesSuite,
];
