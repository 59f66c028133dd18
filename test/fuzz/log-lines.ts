/** What the daemon's log must not have, whatever it was sent. */
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Daemon } from "../support/daemon.ts";

/** Most characters of a line: a request's values are shown in their beginnings. */
const longestLine = 16_384;

/** Errors of the program itself, not of a request or the machine. */
const programErrors = /\b(TypeError|RangeError|ReferenceError|SyntaxError|AssertionError|ERR_[A-Z_]+)\b/;

/** Fails with the first lines that are not as they must be. */
export async function checkLog({ folder }: Daemon): Promise<void> {
  const wrong: string[] = [];
  for await (const line of createInterface(createReadStream(join(folder, "critter.log")))) {
    const fault = faultOfLine(line);
    if (fault) wrong.push(`${fault}: ${line.slice(0, 1500)}`);
  }
  if (wrong.length > 0) throw new Error(`${wrong.length} lines\n${wrong.slice(0, 10).join("\n")}`);
}

function faultOfLine(line: string): string | undefined {
  if (line.length > longestLine) return `a line of ${line.length} characters`;
  if (/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(line)) return "control characters";
  const entry = parsed(line);
  if (!entry) return "no line of critter's";
  if (entry.msg === "a failure that nobody waits for") return entry.msg;
  return programErrors.test(entry.stack ?? "") ? "an error of the program" : undefined;
}

function parsed(line: string): { msg: string; stack?: string } | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
