/** All suites of faults, in the order they are run. */
import { databaseSuite } from "./database.ts";
import type { RunnableSuite } from "./fault.ts";
import { programSuites } from "./program-suites.ts";
import { rootSuites } from "./root-full.ts";
import { runrootSuites } from "./runroot-full.ts";

export const suites: readonly RunnableSuite[] = [
  ...rootSuites,
  ...runrootSuites,
  databaseSuite,
  ...programSuites,
];
