import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { hash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { SCHEMA } from "../../src/state/schema.ts";
import type { Daemon } from "../support/daemon.ts";
import { livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

const NEWER = SCHEMA + 41;
const critter = join(import.meta.dirname, "..", "..", "bin", "critter");

describe("the state folder of a newer critter", () => {
  const parts = suite();

  /** Everything in it but the lock: names, modes and contents. */
  function state({ folder }: Daemon): string[] {
    const root = join(folder, "root");
    const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
      (name) => !name.endsWith(".lock"),
    );
    return files.sort().map((name) => {
      const stats = lstatSync(join(root, name));
      return `${name} ${stats.mode} ${stats.isFile() ? hash("sha256", readFileSync(join(root, name))) : ""}`;
    });
  }

  function setSchema({ folder }: Daemon, schema: number): void {
    const database = new DatabaseSync(join(folder, "root/state.db"));
    database.exec(`PRAGMA user_version = ${schema}`);
    database.close();
  }

  function run(...args: string[]): { status: number | null; stderr: string } {
    const { daemon } = parts;
    return spawnSync(critter, [...args, "--config", daemon.configFile], {
      encoding: "utf8",
      timeout: 60_000,
    });
  }

  it("is refused by both numbers and left as it is, and its pods run on", async () => {
    const { daemon } = parts;
    await using pod = await livePod(daemon);
    const id = await pod.run();
    await daemon.kill();
    setSchema(daemon, NEWER);
    const before = state(daemon);
    for (const command of [[], ["check"], ["check", "--repair"]]) {
      const { status, stderr } = run(...command);
      assert.equal(status, command.length === 0 ? 1 : 2, stderr);
      assert.match(stderr, new RegExp(`schema ${NEWER}, this critter knows those up to ${SCHEMA}`));
      assert.deepEqual(state(daemon), before);
    }
    setSchema(daemon, SCHEMA);
    await daemon.start();
    assert.equal(await pod.sh(id, "echo still there"), "still there");
  });

  it("is not the only thing that is left alone: what is no socket at crio.api.listen stays, and the daemon ends", async () => {
    const { daemon } = parts;
    await using pod = await livePod(daemon);
    const id = await pod.run();
    await daemon.stop();
    writeFileSync(daemon.socket, "somebody's notes");
    const { status, stderr } = run();
    assert.equal(status, 1, stderr);
    assert.match(stderr, /crio\.api\.listen is ".*", it must be .*something else than a socket/);
    assert.equal(readFileSync(daemon.socket, "utf8"), "somebody's notes");
    rmSync(daemon.socket);
    await daemon.start();
    assert.equal(await pod.sh(id, "echo still there"), "still there");
  });
});
