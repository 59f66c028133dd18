/** The suites of faults of what the daemon works with: CNI plugins, runtimes, monitors, registries; and of clients that ask again. */
import { cniAnswers } from "./cni-answers.ts";
import { cniBetween } from "./cni-between.ts";
import { cniHangs } from "./cni-hangs.ts";
import type { Fault, RunnableSuite } from "./fault.ts";
import { monitorAnswers } from "./monitor-answers.ts";
import { monitorEnds } from "./monitor-ends.ts";
import { type ProgramsBed, programsSuite } from "./programs-bed.ts";
import { registryRetriesSuite } from "./registry-retries.ts";
import { retriesContainers } from "./retries-containers.ts";
import { retriesPods } from "./retries-pods.ts";
import { runtimeAnswers } from "./runtime-answers.ts";
import { runtimeHangs } from "./runtime-hangs.ts";
import { runtimeOutside } from "./runtime-outside.ts";

function called(what: string, faults: readonly Fault<ProgramsBed>[]): Fault<ProgramsBed>[] {
  return faults.map((fault) => ({ ...fault, name: `${what} ${fault.name}` }));
}

export const programSuites: readonly RunnableSuite[] = [
  programsSuite("CNI plugins", [
    ...called("answer:", cniAnswers),
    ...called("between ADD and DEL:", cniBetween),
    ...called("hang", cniHangs),
  ]),
  programsSuite("runtimes", [
    ...runtimeAnswers,
    ...called("hang", runtimeHangs),
    ...called("from outside:", runtimeOutside),
  ]),
  programsSuite("monitors", [...called("answer:", monitorAnswers), ...monitorEnds]),
  programsSuite("retries", [
    ...called("RunPodSandbox:", retriesPods),
    ...called("containers:", retriesContainers),
  ]),
  registryRetriesSuite,
];
