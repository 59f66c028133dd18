import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { SCHEMA } from "../../src/state/schema.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { livePod } from "../support/live-pod.ts";
import { containerStatus, removePod } from "../support/pods.ts";
import { countResources } from "../support/resources.ts";
import { type Fixture, fixtureFile, PAUSE } from "./fixture.ts";
import { LANDED, type Landed } from "./landed.ts";

const critter = join(import.meta.dirname, "..", "..", "bin", "critter");
const TABLES = ["sandboxes", "containers", "images", "layers"];

/** Puts a fixture in the place of the daemon's state folder, as if it had been made there. */
function unpack({ folder, network }: Daemon, landed: Landed): Fixture {
  const root = join(folder, "root");
  rmSync(root, { recursive: true });
  execFileSync("tar", ["--xattrs", "--xattrs-include=*", "-xzf", fixtureFile(landed), "-C", folder]);
  const fixture: Fixture = JSON.parse(readFileSync(join(folder, "fixture.json"), "utf8"));
  const changes = [
    [fixture.folder, folder],
    [fixture.network.bridge, network.bridge],
    [fixture.network.name, network.name],
    [fixture.network.subnet, network.subnet],
  ] as const;
  const database = new DatabaseSync(join(root, "state.db"));
  for (const table of TABLES) {
    for (const [before, now] of changes)
      database.prepare(`UPDATE ${table} SET record = replace(record, ?, ?)`).run(before, now);
  }
  database.close();
  const cache = join(root, "cni");
  for (const name of readdirSync(cache).map((file) => join(cache, file))) {
    const text = changes.reduce(
      (all, [before, now]) => all.replaceAll(before, now),
      readFileSync(name, "utf8"),
    );
    writeFileSync(name, text, { mode: 0o600 });
  }
  return fixture;
}

function schemaOf({ folder }: Daemon): unknown {
  const database = new DatabaseSync(join(folder, "root/state.db"), { readOnly: true });
  try {
    return database.prepare("PRAGMA user_version").get()?.user_version;
  } finally {
    database.close();
  }
}

describe("the state folder of an earlier critter", () => {
  it("has a fixture for each schema that this one reads", () => {
    const schemas = new Set([...LANDED.map(({ schema }) => schema), SCHEMA]);
    assert.deepEqual(
      [...schemas].sort(),
      Array.from({ length: SCHEMA + 1 }, (_, schema) => schema),
    );
    for (const landed of LANDED) assert.ok(existsSync(fixtureFile(landed)), fixtureFile(landed));
  });

  for (const landed of LANDED) {
    it(`${landed.commit.slice(0, 7)} (${landed.state}) opens with all that it has, and all of it can go`, async () => {
      await using daemon = await startDaemon({});
      const { runtime, image } = daemon.client;
      await daemon.stop();
      const { pods, containers, images } = unpack(daemon, landed);
      assert.equal(schemaOf(daemon), landed.schema);
      await daemon.start();

      const log = readFileSync(join(daemon.folder, "critter.log"), "utf8");
      assert.doesNotMatch(log, /set aside|cannot be/);
      const { items } = await runtime.ListPodSandbox();
      assert.deepEqual(items.map(({ id }) => id).sort(), [...pods.ready, ...pods.stopped].sort());
      // The machine that they ran on is another.
      assert.ok(items.every(({ state }) => state === "SANDBOX_NOTREADY"));
      const { running, created, exited } = containers;
      const listed = (await runtime.ListContainers()).containers;
      assert.deepEqual(listed.map(({ id }) => id).sort(), [running, created, exited.id].sort());
      for (const one of listed) {
        assert.equal(one.state, "CONTAINER_EXITED");
        assert.deepEqual([one.labels.kept, one.annotations.note], ["yes", "for later"]);
      }
      const { finishedAt, exitCode } = await containerStatus(daemon, exited.id);
      assert.deepEqual([finishedAt, exitCode], [exited.finishedAt, exited.exitCode]);
      assert.equal((await containerStatus(daemon, running)).reason, "Unknown");
      for (const { id } of items) await runtime.PodSandboxStatus({ podSandboxId: id, verbose: true });
      const { images: found } = await image.ListImages();
      assert.deepEqual(
        found.map(({ id, repoTags }) => ({ id, repoTags })).sort((a, b) => a.id.localeCompare(b.id)),
        images.sort((a, b) => a.id.localeCompare(b.id)),
      );

      // No registry is there: what runs is what the fixture has.
      const pod = await livePod(daemon);
      const id = await pod.run({ image: { image: PAUSE }, command: [] });
      assert.equal((await containerStatus(daemon, id)).state, "CONTAINER_RUNNING");
      await removePod(daemon, pod.id);
      for (const one of items) await removePod(daemon, one.id);
      assert.deepEqual((await runtime.ListContainers()).containers, []);
      const { namespaces, leases, interfaces, monitors, containerProcesses } = await countResources(daemon);
      assert.deepEqual([namespaces, leases, interfaces, monitors, containerProcesses], [0, 0, 0, 0, 0]);

      for (const one of found) await image.RemoveImage({ image: { image: one.id } });
      await daemon.stop();
      assert.equal(schemaOf(daemon), SCHEMA);
      const check = spawnSync(critter, ["check", "--config", daemon.configFile], { encoding: "utf8" });
      assert.deepEqual([check.status, check.stdout], [0, ""], check.stderr);
      await daemon.start();
    });
  }
});
