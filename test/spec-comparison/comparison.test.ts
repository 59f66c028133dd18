/** critter's config.json beside that of Debian's containerd, where scripts/setup has fetched it. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { cachedContainerdVersion } from "../../bench/containerd-package.ts";
import { compare, type Judgement, judge } from "./comparison.ts";
import { explanations } from "./explanations.ts";
import { type Runtimes, startBoth } from "./runtimes.ts";

const version = await cachedContainerdVersion();

/** Why not, for what the explanations speak of is not here. */
function hindrance(): string | false {
  if (version === undefined) return "containerd's package is not in the cache (scripts/setup --tests)";
  if (!version.startsWith("1.6.")) return `containerd is ${version}, the explanations are of 1.6`;
  if (process.arch !== "x64") return "system calls are compared on x86-64";
  if (process.env.CRITTER_TEST_RUNTIME) return "runc is compared, not CRITTER_TEST_RUNTIME";
  return false;
}

describe("config.json beside containerd's", { skip: hindrance() }, () => {
  let runtimes: Runtimes;
  let judgement: Judgement;

  before(async () => {
    runtimes = await startBoth();
    const all = explanations.flatMap((section) => section.explanations);
    judgement = judge(await compare(runtimes), all);
  });
  after(() => runtimes?.stop());

  it("differs in nothing that is not explained", () => assert.deepEqual(judgement.unexplained, []));

  it("differs in all that is explained", () => assert.deepEqual(judgement.stale, []));
});
