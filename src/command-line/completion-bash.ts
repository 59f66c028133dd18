/** bash's completion of critter's commands, without the package bash-completion. */
import { commandList, serveOptions } from "./commands.ts";
import type { Completion, Options } from "./option.ts";

/** The script to be sourced. */
export function bashCompletion(): string {
  const names = commandList.map(({ name }) => name);
  const all = [{ name: "", options: serveOptions }, ...commandList];
  return `# bash completion of critter; made by: critter completion bash

# The words that fit, one a line: those after the first argument that begin with it.
_critter_words() {
  compgen -W "\${*:2}" -- "$1"
  return 0
}

# Names that the daemon has, of the kind $1; the others are the words of the line.
_critter_names() {
  local names
  names=$("\${critter[0]}" completion names "$1" "\${words[@]:1}" 2> /dev/null)
  _critter_words "$current" $names
}

_critter_values() {
  case "$command $option" in
${all.map(valueCases).join("")}    *) return 1 ;;
  esac
}

_critter_options() {
  case "$command" in
${all.map(({ name, options }) => `    "${name}") _critter_words "$current" ${optionWords(options)} ;;\n`).join("")}  esac
}

_critter_arguments() {
  case "$command" in
    "") ((\${#words[@]} > 1)) || _critter_words "$current" ${names.join(" ")} ;;
${commandList.flatMap(argumentCase).join("")}  esac
}

_critter() {
  # Not COMP_WORDS: they are cut at colons, and images and options have some.
  local line="\${COMP_LINE:0:COMP_POINT}"
  local current="\${line##*[[:space:]]}"
  local -a words critter
  read -ra words <<< "\${line%"$current"}"
  critter=("\${words[0]}")
  local command="" option="\${words[-1]}" before="" word
  [[ \${words[1]} == -* ]] || command="\${words[1]}"
  COMPREPLY=()
  # What comes after "--" is the container's.
  for word in "\${words[@]}"; do [[ $word == -- ]] && return; done
  if [[ $current == --*=* ]]; then
    option="\${current%%=*}"
    before="$option="
    current="\${current#*=}"
  fi
  local found files=""
  if ! found=$(_critter_values); then
    if [[ $current == -* ]]; then found=$(_critter_options); else found=$(_critter_arguments); fi
  fi
  if [[ $found == :files ]]; then
    compopt -o filenames 2> /dev/null
    found=$(compgen -f -- "$current")
  fi
  [[ -n $found ]] || return
  mapfile -t COMPREPLY <<< "$found"
  COMPREPLY=("\${COMPREPLY[@]/#/$before}")
  # Readline replaces what is after the last of its own breaks.
  local typed="$before$current" breaks="\${COMP_WORDBREAKS//[^:=]/}" kept
  if [[ -n $breaks ]]; then
    kept="\${typed%"\${typed##*[$breaks]}"}"
    COMPREPLY=("\${COMPREPLY[@]#"$kept"}")
  fi
}

complete -F _critter critter
`;
}

type Named = { name: string; options: Options; completes?: Completion };

function optionWords(options: Options): string {
  return Object.entries(options)
    .flatMap(([name, { short }]) => [`--${name}`, ...(short ? [`-${short}`] : [])])
    .join(" ");
}

/** An option that has a value keeps options from being offered there, also where nothing can be. */
function valueCases({ name, options }: Named): string {
  const strings = Object.entries(options).filter(([, { type }]) => type === "string");
  return strings
    .map(([long, { short, completes }]) => {
      const spellings = [`--${long}`, ...(short ? [`-${short}`] : [])];
      const patterns = spellings.map((one) => `"${name} ${one}"`).join(" | ");
      return `    ${patterns}) ${completes ? words(completes) : ":"} ;;\n`;
    })
    .join("");
}

function argumentCase({ name, completes }: Named): string[] {
  return completes ? [`    "${name}") ${words(completes)} ;;\n`] : [];
}

function words(completes: Completion): string {
  if (completes === "files") return "echo :files";
  if (typeof completes === "string") return `_critter_names ${completes}`;
  return `_critter_words "$current" ${completes.join(" ")}`;
}
