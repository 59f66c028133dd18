/** YAML documents of administrators, as the programs read them that they were written for. */
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** Reads as those programs do, which are in Go: 0644 is octal. The library is loaded here, for most machines have no such file. */
export function parseYaml(content: string): unknown {
  const { load, CORE_SCHEMA, intYaml11Tag, mergeTag } = require("js-yaml") as typeof import("js-yaml");
  return load(content, { schema: CORE_SCHEMA.withTags(intYaml11Tag, mergeTag) });
}
