import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { programInPath } from "../linux/executable.ts";
import { commandList, serveOptions } from "./commands.ts";
import { bashCompletion } from "./completion-bash.ts";
import { fishCompletion } from "./completion-fish.ts";
import { zshCompletion } from "./completion-zsh.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-completion-"));
after(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "bash"), bashCompletion());
writeFileSync(join(folder, "zsh"), zshCompletion());
writeFileSync(join(folder, "fish"), fishCompletion());
writeFileSync(join(folder, "crio.conf"), "");

function run(program: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd: folder }, (error, stdout, stderr) =>
      error || stderr ? reject(error ?? new Error(stderr)) : resolve(stdout),
    );
  });
}

/** What bash puts in the place of the last word of `line`, after the last of readline's breaks in it. */
async function inBash(line: string): Promise<string[]> {
  const script = `source ./bash
COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
COMP_LINE=$1 COMP_POINT=\${#1}
_critter
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const words = await run("bash", "-c", script, "bash", line);
  return words.split("\n").filter(Boolean);
}

const spellings = (options: object) =>
  Object.entries(options as Record<string, { short?: string }>).flatMap(([name, { short }]) => [
    `--${name}`,
    ...(short ? [`-${short}`] : []),
  ]);

describe("the completion of bash", () => {
  it("offers commands and options", async () => {
    assert.deepEqual(
      await inBash("critter "),
      commandList.map(({ name }) => name),
    );
    assert.deepEqual(await inBash("critter in"), ["inspect"]);
    assert.deepEqual(await inBash("critter -"), spellings(serveOptions));
    for (const { name, options } of commandList)
      assert.deepEqual(await inBash(`critter ${name} -`), spellings(options), name);
  });

  it("offers values, behind a space and behind an equals sign", async () => {
    assert.deepEqual(await inBash("critter -l w"), ["warn"]);
    assert.deepEqual(await inBash("critter --log-level=w"), ["warn"]);
    assert.deepEqual(await inBash("critter completion "), ["bash", "zsh", "fish"]);
    assert.deepEqual(await inBash("critter config --from-crio crio"), ["crio.conf"]);
    assert.deepEqual(await inBash("critter --config=crio"), ["crio.conf"]);
  });

  it("offers nothing where anything may stand, and what comes after -- is left alone", async () => {
    assert.deepEqual(await inBash("critter run --name "), []);
    assert.deepEqual(await inBash("critter run -e -"), []);
    assert.deepEqual(await inBash("critter run busybox -- -"), []);
    assert.deepEqual(await inBash("critter --config x "), []);
  });
});

const withoutFish = programInPath("fish") === undefined && "fish is not here";
const withoutZsh = programInPath("zsh") === undefined && "zsh is not here";

describe("the completion of fish", { skip: withoutFish }, () => {
  const inFish = async (line: string) => {
    const found = await run("fish", "--no-config", "-c", "source fish; complete -C $argv[1]", line);
    return found.split("\n").flatMap((one) => one.split("\t")[0] || []);
  };

  it("offers commands, options and values", async () => {
    assert.deepEqual(await inFish("critter in"), ["inspect"]);
    assert.deepEqual(await inFish("critter run --e"), ["--env"]);
    assert.deepEqual(await inFish("critter --log-level w"), ["warn"]);
    assert.deepEqual(await inFish("critter config --from-crio crio"), ["crio.conf"]);
    assert.deepEqual(await inFish("critter run busybox -- --e"), []);
  });
});

describe("the completion of zsh", { skip: withoutZsh }, () => {
  const inZsh = (...words: string[]) => {
    const script = `compdef() { : }
_arguments() { print -rl -- "$@" }
source ./zsh
words=("$@" "")
CURRENT=$#words
_critter`;
    return run("zsh", "-fc", script, "zsh", ...words);
  };

  it("gives the options of the command to _arguments", async () => {
    assert.match(await inZsh("critter"), /^\(-l --log-level\)--log-level=\[.*\]:LEVEL:\(trace debug/m);
    assert.match(await inZsh("critter", "inspect"), /^\*: :_critter_names names$/m);
    assert.match(await inZsh("critter", "run"), /^\*--env=\[environment variable; .*\]:NAME=VALUE: $/m);
    assert.equal(await inZsh("critter", "run", "busybox", "--"), "");
  });
});
