/** The process of an exec: the container's own with another command. */
import type { Process } from "./types.ts";

/** `terminal` gives it one, and tells its programs which kind unless the container's environment does. */
export function execProcess(process: Process, args: string[], terminal: boolean): Process {
  const namesTerminal = process.env.some((entry) => entry.startsWith("TERM="));
  const env = terminal && !namesTerminal ? [...process.env, "TERM=xterm"] : process.env;
  return { ...process, args, terminal, env };
}
