import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, it } from "node:test";

const root = join(import.meta.dirname, "..", "..");
const docs = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
const pages = [join(root, "README.md"), ...docs.map((name) => join(root, "docs", name))];

/** As GitHub makes them of headings. */
function anchorsOf(page: string): Set<string> {
  const headings = readFileSync(page, "utf8").matchAll(/^#+ (.*)$/gm);
  const slugs = [...headings].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
  return new Set(slugs);
}

describe("links between the pages of documentation", () => {
  for (const page of pages) {
    it(`of ${relative(root, page)} lead somewhere`, () => {
      for (const [, target] of readFileSync(page, "utf8").matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target!)) continue;
        const [path, anchor] = target!.split("#") as [string, string?];
        const file = path === "" ? page : join(dirname(page), path);
        assert.ok(existsSync(file), `${target}: there is no such file`);
        if (anchor !== undefined)
          assert.ok(anchorsOf(file).has(anchor), `${target}: there is no such heading`);
      }
    });
  }
});
