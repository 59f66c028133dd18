/** All suites of faults, in the order they are run. */
import { databaseSuite } from "./database.ts";
import type { RunnableSuite } from "./fault.ts";

import { rootFullSuite } from "./root-full.ts";
import { runrootFullSuite } from "./runroot-full.ts";

export const suites: readonly RunnableSuite[] = [
  rootFullSuite,
  runrootFullSuite,
  databaseSuite,

];
