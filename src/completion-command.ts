/** `critter completion`: what makes a shell complete critter's commands, options and names. */
import { parseArgs } from "node:util";
import { completionOptions, shells } from "./command-line/commands.ts";
import { bashCompletion } from "./command-line/completion-bash.ts";
import { fishCompletion } from "./command-line/completion-fish.ts";
import { zshCompletion } from "./command-line/completion-zsh.ts";
import { optionsHelp } from "./command-line/option.ts";
import { parseOptions, UsageError } from "./usage.ts";

const help = `Usage: critter completion bash|zsh|fish

Prints a script that makes the shell complete critter's commands and options, and the names of pods, containers and
images that the daemon has:

  bash   critter completion bash > /etc/bash_completion.d/critter
  zsh    critter completion zsh > /usr/local/share/zsh/site-functions/_critter
  fish   critter completion fish > /etc/fish/completions/critter.fish

${optionsHelp(completionOptions)}`;

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };
const kinds = ["names", "images", "handlers"] as const;

/** Runs the command and answers the exit status. Throws UsageError. */
export async function completionCommand(argv: string[]): Promise<number> {
  const [first, kind, ...words] = argv;
  // The scripts ask for names by this: critter completion names KIND WORD...
  if (first === "names") return printNames(kind, words);
  const { values, positionals } = parseOptions(() =>
    parseArgs({ args: argv, allowPositionals: true, options: completionOptions }),
  );
  if (values.help) return print(help);
  const [shell, extra] = positionals;
  const known = shells.find((one) => one === shell);
  if (!known)
    throw new UsageError(
      `completion needs a shell, one of ${shells.join(", ")}${shell ? `: not ${shell}` : ""}`,
    );
  if (extra !== undefined) throw new UsageError(`unexpected ${JSON.stringify(extra)}`);
  return print(scripts[known]());
}

async function printNames(kind: string | undefined, words: string[]): Promise<number> {
  const known = kinds.find((one) => one === kind);
  if (!known) throw new UsageError(`completion names needs one of ${kinds.join(", ")}`);
  const { completionNames } = await import("./client/completion-names.ts");
  return print((await completionNames(known, words)).map((name) => `${name}\n`).join(""));
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
