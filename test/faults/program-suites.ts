/** The suites of faults of programs: CNI plugins, runtimes, monitors. */
import { cniAnswersSuite } from "./cni-answers.ts";
import type { RunnableSuite } from "./fault.ts";
import { monitorAnswersSuite } from "./monitor-answers.ts";
import { monitorEndsSuite } from "./monitor-ends.ts";
import { retriesContainersSuite } from "./retries-containers.ts";
import { retriesPodsSuite } from "./retries-pods.ts";
import { runtimeAnswersSuite } from "./runtime-answers.ts";
import { runtimeHangsSuite } from "./runtime-hangs.ts";
import { runtimeOutsideSuite } from "./runtime-outside.ts";

export const programSuites: readonly RunnableSuite[] = [
  cniAnswersSuite,
  runtimeAnswersSuite,
  runtimeHangsSuite,
  runtimeOutsideSuite,
  monitorAnswersSuite,
  monitorEndsSuite,
  retriesPodsSuite,
  retriesContainersSuite,
];
