/** The commands of a page in Markdown: its fenced blocks of the language `sh`, which are to be run as they stand. */

export interface ShellBlock {
  /** Text of the heading that it stands below. */
  heading: string;
  /** Its lines, comments and here-documents included. */
  script: string;
}

/** The blocks in their order. Blocks of other languages, and indented ones, are for reading. */
export function shellBlocks(markdown: string): ShellBlock[] {
  const blocks: ShellBlock[] = [];
  let heading = "";
  let fence: string | undefined;
  let script: string[] = [];
  for (const line of markdown.split("\n")) {
    if (fence === undefined) {
      heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
      fence = /^```(.*)$/.exec(line)?.[1];
      script = [];
    } else if (line === "```") {
      if (fence === "sh") blocks.push({ heading, script: script.join("\n") });
      fence = undefined;
    } else {
      script.push(line);
    }
  }
  return blocks;
}
