/** The suites of faults of programs: CNI plugins, runtimes, monitors. */
import { cniAnswersSuite } from "./cni-answers.ts";
import type { RunnableSuite } from "./fault.ts";
import { retriesContainersSuite } from "./retries-containers.ts";
import { retriesPodsSuite } from "./retries-pods.ts";

export const programSuites: readonly RunnableSuite[] = [
  cniAnswersSuite,
  retriesPodsSuite,
  retriesContainersSuite,
];
