/** docs/install.md, and how a person at the machine's terminal would follow it. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { type ShellBlock, shellBlocks } from "./shell-blocks.ts";

const PAGE = join(import.meta.dirname, "..", "..", "..", "docs", "install.md");
/** What comes later than the day of the installation; below them, too. */
const LATER = /^(Upgrade|Uninstall)\b/;
/** Of two ways the one that is taken: npm's where the machine has it. */
const OTHER_WAY = existsSync("/usr/bin/npm") ? /\bwithout npm$/i : /\bwith npm$/i;

/** Where the person works: `critter.tgz` is there. */
export const HOME = "/root";

/** The blocks that install critter, up to a pod that answers. */
export function installation(): ShellBlock[] {
  return blocks().filter(({ heading }) => !LATER.test(heading));
}

/** The blocks below a heading and those that begin as it does. Throws where there are none. */
export function section(name: "Upgrade" | "Uninstall"): ShellBlock[] {
  const found = blocks().filter(({ heading }) => heading.startsWith(name));
  if (found.length === 0) throw new Error(`docs/install.md has no commands below "${name}"`);
  return found;
}

function blocks(): ShellBlock[] {
  return shellBlocks(readFileSync(PAGE, "utf8")).filter(({ heading }) => !OTHER_WAY.test(heading));
}

/** Runs commands in a shell that ends at the first failure, and answers what they print. */
export async function shell(script: string): Promise<string> {
  const options = {
    cwd: HOME,
    env: { HOME, PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
    maxBuffer: 64 * 1024 * 1024,
  };
  const { stdout } = await promisify(execFile)("bash", ["-euo", "pipefail", "-c", script], options);
  return stdout.trimEnd();
}

/** Runs a block, and prints it and its output, as a terminal would. */
export async function follow({ script }: ShellBlock): Promise<void> {
  console.log(script.replaceAll(/^/gm, "# "));
  console.log(await shell(script));
}
