import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { BUSYBOX, NGINX } from "../support/configs.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { livePod } from "../support/live-pod.ts";

const launcher = join(import.meta.dirname, "..", "..", "bin", "critter");

interface Outcome {
  status: number;
  lines: string[];
  stderr: string;
}

function check({ configFile }: Daemon, ...options: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(launcher, ["check", "--config", configFile, ...options], (error, stdout, stderr) => {
      const lines = stdout.split("\n").filter(Boolean);
      resolve({ status: error ? Number(error.code) : 0, lines, stderr });
    });
  });
}

/** The folder of the topmost layer of an image. */
function topLayerOf({ folder }: Daemon, name: string): string {
  using database = new DatabaseSync(join(folder, "root", "state.db"));
  const rows = (table: string) =>
    database
      .prepare(`SELECT record FROM ${table}`)
      .all()
      .map(({ record }) => JSON.parse(String(record)));
  const image = rows("images").find(({ repoTags }) => repoTags.includes(name));
  const layer = rows("layers").find(({ chainId }) => chainId === image.layers.at(-1));
  return join(folder, "root", "storage", "overlay", layer.folder);
}

test("critter check finds and mends what was damaged on purpose, under pods that run", async () => {
  await ensureImages("base");
  await using registry = await Registry.start({ storage: storeFolder() });
  await using daemon = await startDaemon({ registry: registry.address });
  const { image } = daemon.client;
  for (const name of [BUSYBOX, NGINX]) await image.PullImage({ image: { image: name } });
  const pod = await livePod(daemon);
  const containerId = await pod.run({ command: ["top"] });

  const busy = await check(daemon);
  assert.equal(busy.status, 2);
  assert.match(busy.stderr, /root": a critter uses it; stop the daemon/);
  assert.deepEqual(busy.lines, []);

  await daemon.stop();
  assert.deepEqual(await check(daemon), { status: 0, lines: [], stderr: "" });

  const layer = topLayerOf(daemon, NGINX);
  rmSync(layer, { recursive: true });
  const orphan = join(daemon.folder, "root", "storage", "overlay", "zzz");
  mkdirSync(join(orphan, "sub"), { recursive: true });
  const damaged = await check(daemon);
  assert.equal(damaged.status, 1);
  assert.equal(damaged.lines.length, 2);
  assert.match(
    damaged.lines[0]!,
    /^image sha256:.* \(.*nginx.*\): layer sha256:.*: its folder \w+ is missing$/,
  );
  assert.equal(damaged.lines[1], `${orphan}: it is no layer's folder`);
  assert.ok(existsSync(orphan));

  const repaired = await check(daemon, "--repair");
  assert.equal(repaired.status, 0);
  assert.deepEqual(
    repaired.lines,
    damaged.lines.map((line) => `${line} (repaired)`),
  );
  assert.ok(!existsSync(orphan));
  assert.deepEqual(await check(daemon, "--repair"), { status: 0, lines: [], stderr: "" });

  await daemon.start();
  assert.equal((await image.ImageStatus({ image: { image: NGINX } })).image, null);
  assert.equal(await pod.sh(containerId, "echo runs on"), "runs on");
  await image.PullImage({ image: { image: NGINX } });
  await pod[Symbol.asyncDispose]();
  await daemon.stop();
  assert.ok(existsSync(topLayerOf(daemon, NGINX)));
  assert.deepEqual(await check(daemon), { status: 0, lines: [], stderr: "" });
  await daemon.start();
});

test("critter check says what it cannot check", async () => {
  const outcome = await new Promise<string>((resolve) => {
    execFile(launcher, ["check", "--config", "/nonexistent/crio.conf"], (error, _stdout, stderr) =>
      resolve(`${error?.code} ${stderr}`),
    );
  });
  assert.match(outcome, /^2 critter: .*\/nonexistent\/crio\.conf/);
});
