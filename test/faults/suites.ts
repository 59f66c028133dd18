/** All suites of faults, in the order they are run. */
import { databaseSuite } from "./database.ts";
import { diskSuites } from "./disk-full.ts";
import type { RunnableSuite } from "./fault.ts";

export const suites: readonly RunnableSuite[] = [...diskSuites, databaseSuite];
