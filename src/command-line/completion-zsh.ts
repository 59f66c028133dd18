/** zsh's completion of critter's commands. */
import { commandList, serveOptions } from "./commands.ts";
import type { Completion, Option, Options } from "./option.ts";

/** The script, a file `_critter` in a folder of zsh's fpath, or to be sourced after compinit. */
export function zshCompletion(): string {
  const commands = commandList.map(({ name, about }) => `    ${quoted(`${name}:${about}`)}`);
  const cases = commandList.map(
    ({ name, options, completes }) => `    ${name})
      _arguments -s -S ${specs(options, completes)} ;;
`,
  );
  return `#compdef critter
# zsh completion of critter; made by: critter completion zsh

# Names that the daemon has, of the kind that is the last argument; those before it are for compadd.
_critter_names() {
  local -a found
  found=(\${(f)"$(_call_program names $critter completion names $@[-1] \${(q)line_words} 2> /dev/null)"})
  compadd "\${@[1,-2]}" -a found
}

_critter_commands() {
  local -a commands
  commands=(
${commands.join("\n")}
  )
  _describe command commands
}

_critter() {
  local critter=$words[1]
  local -a line_words=(\${words[2,CURRENT-1]})
  local curcontext=$curcontext state
  if (( CURRENT == 2 )) || [[ $words[2] == -* ]]; then
    _arguments -s -S ${specs(serveOptions)} \\
      '1: :_critter_commands'
    return
  fi
  local command=$words[2]
  # What comes after "--" is the container's.
  (( \${words[(I)--]} > 0 && \${words[(I)--]} < CURRENT )) && return
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join("")}  esac
}

# Loaded by its name it is the function itself; sourced, it must be made known.
if [[ $funcstack[1] == _critter ]]; then _critter "$@"; else compdef _critter critter; fi
`;
}

function specs(options: Options, completes?: Completion): string {
  const lines = Object.entries(options).flatMap(([name, option]) => optionSpecs(name, option));
  if (completes) lines.push(quoted(`*: :${action(completes)}`));
  return lines.map((line) => `\\\n        ${line}`).join(" ");
}

function optionSpecs(name: string, { short, multiple, about, argument, completes }: Option): string[] {
  const spellings = [...(short ? [`-${short}`] : []), `--${name}`];
  const others = multiple ? "*" : `(${spellings.join(" ")})`;
  const value = argument ? `:${escaped(argument)}:${completes ? action(completes) : " "}` : "";
  return spellings.map((one) => {
    const takes = argument && one.startsWith("--") ? "=" : "";
    return quoted(`${others}${one}${takes}[${escaped(about)}]${value}`);
  });
}

function action(completes: Completion): string {
  if (completes === "files") return "_files";
  if (typeof completes === "string") return `_critter_names ${completes}`;
  return `(${completes.join(" ")})`;
}

function escaped(text: string): string {
  return text.replace(/[[\]:\\]/g, (character) => `\\${character}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
