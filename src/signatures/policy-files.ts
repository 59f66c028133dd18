/** The policies in force, each parsed once for as long as its file stays the same. */
import { readFileSync, statSync } from "node:fs";
import { failedPrecondition, messageOf } from "../cri/status-error.ts";
import { Policy } from "./policy.ts";

/** The clock of files is coarse: one that changed just now may change again without showing it. */
const SETTLED_MS = 2000;

export class PolicyFiles {
  readonly #policies = new Map<string, { state: string; policy: Policy }>();

  /** The policy in `file` as it is now. FAILED_PRECONDITION for one that cannot be read or is wrong: nothing passes by it. */
  get(file: string): Policy {
    const state = settledState(file);
    const known = this.#policies.get(file);
    if (known && known.state === state) return known.policy;
    const policy = readPolicy(file);
    if (state === undefined) this.#policies.delete(file);
    else this.#policies.set(file, { state, policy });
    return policy;
  }
}

/** What tells that a file was changed; undefined for one that is absent or new. */
function settledState(file: string): string | undefined {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (!stats || Date.now() - stats.ctimeMs < SETTLED_MS) return undefined;
  const { dev, ino, size, mtimeMs, ctimeMs } = stats;
  return [dev, ino, size, mtimeMs, ctimeMs].join();
}

function readPolicy(file: string): Policy {
  try {
    return new Policy(file, readFileSync(file, "utf8"));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const problem = code ? `${file} cannot be read: ${code}` : messageOf(error);
    throw failedPrecondition(`the signature policy cannot be used: ${problem}`);
  }
}
