/** The kernel's AppArmor policy: which profiles it has, and loading more. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isExecutable } from "../../linux/executable.ts";
import { run } from "../../linux/program.ts";
import { log } from "../../log.ts";

/** The parser compiles in tens of milliseconds, under emulation in seconds. */
const LOAD_MS = 60_000;
const parsers = ["/sbin/apparmor_parser", "/usr/sbin/apparmor_parser", "/usr/bin/apparmor_parser"];

export interface PolicyPlaces {
  /** Where sysfs is mounted, securityfs below it. */
  sys: string;
  /** Candidates for the program apparmor_parser. */
  parsers: readonly string[];
}

export class ApparmorPolicy {
  readonly #profiles: string;
  readonly #parser: string;

  private constructor(profiles: string, parser: string) {
    this.#profiles = profiles;
    this.#parser = parser;
  }

  /** The machine's; undefined where the kernel has no AppArmor or nothing can load profiles, as other runtimes have it. */
  static find(places: PolicyPlaces = { sys: "/sys", parsers }): ApparmorPolicy | undefined {
    if (!readText(join(places.sys, "module/apparmor/parameters/enabled"))?.startsWith("Y")) return undefined;
    const profiles = join(places.sys, "kernel/security/apparmor/profiles");
    const parser = places.parsers.find(isExecutable);
    if (parser !== undefined && readText(profiles) !== undefined) {
      return new ApparmorPolicy(profiles, parser);
    }
    log.warn("the kernel has AppArmor, but it is not used", {
      missing: parser === undefined ? "apparmor_parser" : profiles,
    });
    return undefined;
  }

  /** Whether the kernel has the profile. Throws the error of the file system. */
  has(name: string): boolean {
    // Each line is `NAME (MODE)`; names may have blanks.
    const lines = readFileSync(this.#profiles, "utf8").split("\n");
    return lines.some((line) => line.replace(/ \([\w-]+\)$/, "") === name);
  }

  /** Loads the profiles in `text`, in the place of those with the same names. Rejects with ProgramError. */
  async load(text: string): Promise<void> {
    // Nothing is read from the parser's cache, and nothing kept there.
    await run(this.#parser, { args: ["-K", "-r"], input: text, stdout: false, timeoutMs: LOAD_MS });
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
