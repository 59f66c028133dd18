/** All suites of faults, in the order they are run. */
import { clockSuite } from "./clock.ts";
import { databaseSuite } from "./database.ts";
import type { RunnableSuite } from "./fault.ts";
import { limitsSuite } from "./limits.ts";
import { logSuites } from "./logs-full.ts";
import { programSuites } from "./program-suites.ts";
import { readOnlySuite } from "./read-only.ts";
import { rootSuites } from "./root-full.ts";
import { rotSuite } from "./rot.ts";
import { runrootSuites } from "./runroot-full.ts";

export const suites: readonly RunnableSuite[] = [
  ...rootSuites,
  ...runrootSuites,
  ...logSuites,
  readOnlySuite,
  databaseSuite,
  clockSuite,
  limitsSuite,
  rotSuite,
  ...programSuites,
];
