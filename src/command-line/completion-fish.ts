/** fish's completion of critter's commands. */
import { commandList, serveOptions } from "./commands.ts";
import type { Completion, Options } from "./option.ts";

const names = commandList.map(({ name }) => name).join(" ");
const noCommand = `not __fish_seen_subcommand_from ${names}`;

/** The script to be sourced. */
export function fishCompletion(): string {
  const lines = [
    "# fish completion of critter; made by: critter completion fish",
    "",
    "# Names that the daemon has, of the kind $argv.",
    "function __critter_names",
    "    set -l words (commandline -opc)",
    "    command -q $words[1]; or return",
    "    $words[1] completion names $argv $words[2..] 2>/dev/null",
    "end",
    "",
    '# What comes after "--" is the container\'s.',
    "complete -c critter -f",
    ...commandList.map(
      ({ name, about }) => `complete -c critter -n ${quoted(noCommand)} -a ${name} -d ${quoted(about)}`,
    ),
    ...optionLines(noCommand, serveOptions),
    ...commandList.flatMap(({ name, options, completes }) => {
      const within = `__fish_seen_subcommand_from ${name}; and not contains -- -- (commandline -opc)`;
      return [...optionLines(within, options), ...(completes ? [argumentLine(within, completes)] : [])];
    }),
  ];
  return `${lines.join("\n")}\n`;
}

function optionLines(condition: string, options: Options): string[] {
  return Object.entries(options).map(([name, { short, type, about, completes }]) => {
    const spellings = `${short ? `-s ${short} ` : ""}-l ${name}`;
    const value = type === "string" ? ` -x${completes ? ` ${values(completes)}` : ""}` : "";
    return `complete -c critter -n ${quoted(condition)} ${spellings}${value.replace("-x -F", "-r -F")} -d ${quoted(about)}`;
  });
}

function argumentLine(condition: string, completes: Completion): string {
  return `complete -c critter -n ${quoted(condition)} ${values(completes)}`;
}

function values(completes: Completion): string {
  if (completes === "files") return "-F";
  if (typeof completes === "string") return `-a ${quoted(`(__critter_names ${completes})`)}`;
  return `-a ${quoted(completes.join(" "))}`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, (character) => `\\${character}`)}'`;
}
