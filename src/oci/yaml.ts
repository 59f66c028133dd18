/** YAML documents of administrators, as the programs read them that they were written for. */
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** Reads as those programs do, which are in Go: 0644 is octal, as 0o644 is, and 12:30 a text. The library is loaded here, for most machines have no such file. */
export function parseYaml(content: string): unknown {
  const { load, CORE_SCHEMA, intCoreTag, mergeTag } = require("js-yaml") as typeof import("js-yaml");
  const resolve: typeof intCoreTag.resolve = (source, ...how) =>
    /^0[0-7]+$/.test(source) ? Number.parseInt(source, 8) : intCoreTag.resolve(source, ...how);
  return load(content, { schema: CORE_SCHEMA.withTags({ ...intCoreTag, resolve }, mergeTag) });
}
