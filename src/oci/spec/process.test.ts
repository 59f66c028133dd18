import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { processArgs } from "./args.ts";
import { processEnv } from "./environment.ts";
import { hostWith } from "./fixtures.test.ts";
import { makeImageVolumes } from "./image-volumes.ts";
import { oomScoreAdj } from "./oom-score.ts";
import { ociRlimits } from "./rlimits.ts";
import { workingDirectory } from "./working-directory.ts";

const invalid = (message: RegExp) => ({ code: status.INVALID_ARGUMENT, message });

describe("args", () => {
  const image = { Entrypoint: ["/entry"], Cmd: ["one", "two"] };

  test("command over Entrypoint, args over Cmd, and a command alone drops Cmd", () => {
    assert.deepEqual(processArgs({ command: [], args: [] }, image), ["/entry", "one", "two"]);
    assert.deepEqual(processArgs({ command: [], args: ["a"] }, image), ["/entry", "a"]);
    assert.deepEqual(processArgs({ command: ["c"], args: [] }, image), ["c"]);
    assert.deepEqual(processArgs({ command: ["c"], args: ["a"] }, image), ["c", "a"]);
    assert.deepEqual(processArgs({ command: [], args: ["a"] }, { Entrypoint: null, Cmd: null }), ["a"]);
  });

  test("nothing to run is an error", () => {
    assert.throws(
      () => processArgs({ command: [], args: [] }, {}),
      invalid(/^config\.command is \[\]: no command/),
    );
    assert.throws(() => processArgs({ command: [""], args: [] }, {}), invalid(/name is empty/));
    assert.throws(() => processArgs({ command: ["a\0b"], args: [] }, {}), invalid(/NUL/));
  });
});

describe("environment", () => {
  const input = { defaults: [], image: [], requested: [], hostname: "h", tty: false };
  const value = (text: string) => Buffer.from(text);

  test("the request goes before the image, the image before the defaults", () => {
    const env = processEnv({
      ...input,
      defaults: ["A=default", "D=default"],
      image: ["PATH=/bin", "A=image", "B=image=2", "EMPTY"],
      requested: [
        { key: "B", value: value("request") },
        { key: "E", value: value("") },
      ],
      tty: true,
    });
    assert.deepEqual(env, [
      "PATH=/bin",
      "HOSTNAME=h",
      "TERM=xterm",
      "A=image",
      "D=default",
      "B=request",
      "EMPTY=",
      "E=",
    ]);
  });

  test("a PATH is there without being asked for, a TERM only with a terminal", () => {
    assert.deepEqual(processEnv(input), [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "HOSTNAME=h",
    ]);
  });

  test("a name or value no environment can hold is refused without showing the value", () => {
    const refuse = (key: string, text: string, message: RegExp) =>
      assert.throws(
        () => processEnv({ ...input, requested: [{ key, value: value(text) }] }),
        invalid(message),
      );
    refuse("", "x", /^config\.envs\[0\]\.key is ""/);
    refuse("A=B", "x", /"A=B": not the name/);
    refuse("A", "secret\0", /^config\.envs\[0\]\.value is "A": its value holds a NUL byte$/);
  });
});

describe("folders", () => {
  const folder = mkdtempSync(join(tmpdir(), "critter-cwd-"));
  after(() => rmSync(folder, { recursive: true }));

  test("the working directory is the request's, else the image's, else /, and is made", () => {
    assert.equal(workingDirectory(folder, "", {}), "/");
    assert.equal(workingDirectory(folder, "", { WorkingDir: "srv//app/" }), "/srv/app");
    assert.equal(workingDirectory(folder, "/work/a", { WorkingDir: "/srv" }), "/work/a");
    assert.ok(existsSync(join(folder, "work/a")) && existsSync(join(folder, "srv/app")));
    assert.throws(() => workingDirectory(folder, "work", {}), invalid(/^config\.working_dir is "work"/));
  });

  test("no link of the image leads them out of its root", () => {
    const outside = mkdtempSync(join(tmpdir(), "critter-outside-"));
    try {
      const root = { uid: 0, gid: 0, additionalGids: [] };
      symlinkSync(outside, join(folder, "out"));
      workingDirectory(folder, "/out/cwd", {});
      makeImageVolumes(folder, { Volumes: { "/out/volume": {}, "/data": {} } }, root);
      assert.ok(!existsSync(join(outside, "cwd")) && !existsSync(join(outside, "volume")));
      assert.ok(existsSync(join(folder, outside, "volume")) && existsSync(join(folder, "data")));
    } finally {
      rmSync(outside, { recursive: true });
    }
  });
});

describe("limits of the process", () => {
  test("oom_score_adj is no less than the daemon may set, and in range", () => {
    assert.equal(oomScoreAdj(-998, hostWith("v2")), -998);
    assert.equal(oomScoreAdj(-998, hostWith("v2", { minimumOomScoreAdj: 0 })), 0);
    assert.equal(oomScoreAdj(1000, hostWith("v2", { minimumOomScoreAdj: 0 })), 1000);
    assert.throws(() => oomScoreAdj(1001, hostWith("v2")), invalid(/oom_score_adj is 1001/));
  });

  test("ulimits, with no limit written as all 64 bits", () => {
    const rlimits = ociRlimits([
      { name: "nofile", soft: 1024, hard: 2048 },
      { name: "core", soft: 0, hard: -1 },
    ]);
    assert.equal(
      JSON.stringify(rlimits),
      '[{"type":"RLIMIT_NOFILE","soft":1024,"hard":2048},{"type":"RLIMIT_CORE","soft":0,"hard":18446744073709551615}]',
    );
  });
});
