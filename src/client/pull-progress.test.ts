import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PullProgress } from "./pull-progress.ts";

const layers = [
  { digest: "sha256:0123456789abcdef", size: 2_500_000, downloaded: 1_250_000, state: "downloading" },
  { digest: "sha256:fedcba9876543210", size: 100_000, downloaded: 100_000, state: "done" },
];

function shown(isTTY: boolean): string {
  const written: string[] = [];
  const progress = new PullProgress({ isTTY, write: (text) => written.push(text) });
  progress.begin("nginx");
  progress.update(layers);
  progress.update(layers.slice(0, 1));
  progress.end(2_600_000);
  progress.update(layers);
  return written.join("").replace(/in [\d.]+ s/, "in N s");
}

describe("PullProgress", () => {
  it("renews its lines on a terminal and takes them away at the end", () => {
    const first = "  0123456789ab      1.3 of     2.5 MB  downloading\n";
    const second = "  fedcba987654      0.1 of     0.1 MB  done\n";
    assert.equal(
      shown(true),
      `pulling nginx\n${first}${second}\x1b[2F\x1b[J${first}\x1b[1F\x1b[Jpulled nginx, 2.6 MB in N s\n`,
    );
  });

  it("writes a beginning and an end elsewhere", () => {
    assert.equal(shown(false), "pulling nginx\npulled nginx, 2.6 MB in N s\n");
  });
});
