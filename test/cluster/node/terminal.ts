/** kubectl at a terminal: `script` gives it a pseudo-terminal, and what is typed there. */
import { spawn } from "node:child_process";
import { SLOW } from "../../support/slow.ts";
import type { Kubectl } from "./kubectl.ts";

export interface Session {
  exitCode: number;
  /** What a user would have seen, without carriage returns and what moves the cursor. */
  screen: string;
}

/** Size of the terminal. */
export const ROWS = 37;
export const COLUMNS = 101;

/** Of a shell that waits for a line. */
export const PROMPT = /[#$] $/;

/** Carriage returns, and the sequences by which busybox' shell moves the cursor and asks where it is. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /\r|\x1b\[[0-9;]*[A-Za-z]/g;

/**
 * Runs kubectl at a terminal and types each line of `dialogue` when what stands before it is to be seen: `[prompt, line]`. Rejects
 * where it has not ended a minute later.
 */
export function atTerminal(
  kubectl: Kubectl,
  args: string[],
  dialogue: readonly [seen: RegExp, typed: string][],
): Promise<Session> {
  const words = kubectl.words(...args).map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const command = `stty rows ${ROWS} cols ${COLUMNS}; exec ${words.join(" ")}`;
  const child = spawn("script", ["--quiet", "--return", "--flush", "--command", command, "/dev/null"], {
    env: { ...kubectl.environment, SHELL: "/bin/sh" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let screen = "";
  let unread = "";
  const rest = [...dialogue];
  const hear = (chunk: string) => {
    const text = chunk.replace(CONTROLS, "");
    screen += text;
    unread += text;
    const [next] = rest;
    if (!next?.[0].test(unread)) return;
    rest.shift();
    unread = "";
    child.stdin.write(`${next[1]}\n`);
  };
  child.stdout.setEncoding("utf8").on("data", hear);
  child.stderr.setEncoding("utf8").on("data", hear);
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`kubectl ${args.join(" ")} has not ended: ${screen}`));
    }, 60_000 * SLOW);
    child.on("error", reject);
    child.on("close", (exitCode) => {
      clearTimeout(late);
      resolve({ exitCode: exitCode ?? -1, screen });
    });
  });
}
