/** `critter --help`. */
import { commandList, serveOptions } from "./commands.ts";
import { entryOf, optionsHelp } from "./option.ts";

const column = 37;

export function mainHelp(): string {
  const usages = commandList.map(({ name, synopsis, about }) =>
    entryOf(`       critter ${`${name} ${synopsis}`.trimEnd()}`, about, column),
  );
  return `${entryOf("Usage: critter [OPTIONS]", "serve the CRI, in the foreground", column)}${usages.join("")}
"critter COMMAND --help" says more of a command.

Options:
${optionsHelp(serveOptions)}`;
}
