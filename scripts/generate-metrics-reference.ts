/** Writes docs/metrics.md: node scripts/generate-metrics-reference.ts */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderReference } from "../src/metrics/reference.ts";
import { idleMetrics } from "../test/support/idle-metrics.ts";

const { families, stop } = idleMetrics();
writeFileSync(join(import.meta.dirname, "..", "docs", "metrics.md"), renderReference(families.registry));
stop();
