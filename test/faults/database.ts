/** SQLite's faults: a database that another program holds, that is damaged, or that goes away, under pods that run. */
import assert from "node:assert/strict";
import {
  closeSync,
  copyFileSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { audit } from "../support/audit.ts";
import { BUSYBOX } from "../support/configs.ts";
import { removeAllPods } from "../support/cri.ts";
import type { Daemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { Program } from "../support/program.ts";
import { type DaemonBed, daemonSuite } from "./daemon-bed.ts";
import type { Fault } from "./fault.ts";
import { succeeds } from "./outcomes.ts";

const databaseOf = ({ folder }: Daemon) => join(folder, "root", "state.db");

/** What becomes of the pods is the fault's; but whatever it is, nothing is lost, and the node can be used. */
async function assertUsable(daemon: Daemon): Promise<void> {
  // The pods' parent cgroup is the kubelet's, unless a record says otherwise.
  const others = `cgroup ${daemon.cgroupParent} is nobody's`;
  await eventually(async () => {
    assert.deepEqual(
      (await audit(daemon)).filter((line) => line !== others),
      [],
    );
  });
  await removeAllPods(daemon.client);
  // Those of a database that is gone are pulled anew.
  await succeeds("PullImage", daemon.client.image.PullImage({ image: { image: BUSYBOX } }));
  await using pod = await livePod(daemon);
  await pod.sh(await pod.run(), "true");
}

/** A pod with a container that runs, one that has ended and one that is created. */
async function busyPod(daemon: Daemon): Promise<LivePod> {
  const pod = await livePod(daemon, { portMappings: [{ containerPort: 80, hostPort: 21_997 }] });
  await pod.run();
  await pod.finish({ command: ["true"] });
  await pod.create();
  return pod;
}

/** Faults that are done to the files of a daemon that does not run. */
const damages: [name: string, isShort: boolean, damage: (database: string) => void][] = [
  ["deleted", true, (database) => remove(database)],
  ["emptied", false, (database) => truncateSync(database, 0)],
  ["cut off", false, (database) => truncateSync(database, (statSync(database).size >> 13) << 12)],
  ["without its beginning", false, (database) => overwrite(database, 0, 4096)],
  ["of text", false, (database) => writeFileSync(database, "not a database\n".repeat(1000))],
  [
    "with pages of rubbish",
    true,
    (database) => {
      const pages = statSync(database).size >> 12;
      for (let page = 2; page < pages; page += 5) overwrite(database, page << 12, 4096);
    },
  ],
  ["without its log", false, (database) => rmSync(`${database}-wal`, { force: true })],
  [
    "with a log of rubbish",
    false,
    (database) => writeFileSync(`${database}-wal`, Buffer.alloc(99_999, 0xa5)),
  ],
  [
    "with a log that is cut off",
    false,
    (database) => truncateSync(`${database}-wal`, statSync(`${database}-wal`).size >> 1),
  ],
];

function remove(database: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${database}${suffix}`, { force: true });
}

function overwrite(path: string, at: number, length: number): void {
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(length, 0xa5), 0, length, at);
  closeSync(file);
}

const damageFaults = damages.map(
  ([name, short, damage]): Fault<DaemonBed> => ({
    name: `a database that is ${name}, under pods that run`,
    short,
    async inflict({ daemon }) {
      await busyPod(daemon);
      await busyPod(daemon);
      // Not in good order: what the log has is to be there.
      await daemon.kill();
      damage(databaseOf(daemon));
      await daemon.start();
      await assertUsable(daemon);
    },
  }),
);

/** Another program that has the database to itself, and lets go after `milliseconds`. */
async function holdDatabase(daemon: Daemon, milliseconds: number): Promise<Program> {
  const hold = `const { DatabaseSync } = require("node:sqlite");
    const database = new DatabaseSync(${JSON.stringify(databaseOf(daemon))});
    database.exec("BEGIN EXCLUSIVE; CREATE TABLE other (x)");
    console.log("held");
    setTimeout(() => database.exec("ROLLBACK"), ${milliseconds});`;
  const holder = new Program(process.execPath, ["-e", hold]);
  await holder.says(/held/);
  return holder;
}

const faults: Fault<DaemonBed>[] = [
  ...damageFaults,
  {
    name: "a record that is no JSON is set aside, and the others stay",
    short: true,
    async inflict({ daemon }) {
      await using pod = await livePod(daemon);
      await daemon.stop();
      const database = new DatabaseSync(databaseOf(daemon));
      database.exec("INSERT INTO containers (id, record) VALUES ('rot', '{')");
      database.close();
      await daemon.start();
      assert.equal((await pod.status()).state, "SANDBOX_READY");
      assert.deepEqual((await daemon.client.runtime.ListContainers()).containers, []);
    },
  },
  {
    name: "a database that goes away while the daemon runs",
    async inflict({ daemon }) {
      await using pod = await livePod(daemon);
      remove(databaseOf(daemon));
      await pod.sh(await pod.run(), "true");
      await daemon.kill();
      await daemon.start();
      await assertUsable(daemon);
    },
  },
  {
    name: "an older copy of the database that is put back",
    async inflict({ daemon }) {
      const database = databaseOf(daemon);
      await using early = await busyPod(daemon);
      await daemon.stop();
      copyFileSync(database, `${database}.copy`);
      await daemon.start();
      await busyPod(daemon);
      await daemon.client.runtime.RemovePodSandbox({ podSandboxId: early.id });
      await daemon.kill();
      remove(database);
      renameSync(`${database}.copy`, database);
      await daemon.start();
      // Of the early pod there is a record and nothing else.
      await removeAllPods(daemon.client);
      await assertUsable(daemon);
    },
  },
  {
    name: "another program that holds the database for seconds",
    async inflict({ daemon }) {
      await using pod = await livePod(daemon);
      await daemon.stop();
      await using _holder = await holdDatabase(daemon, 3000);
      await daemon.start();
      assert.equal((await pod.status()).state, "SANDBOX_READY");
    },
  },
  {
    name: "another program that does not let go of the database",
    async inflict({ daemon }) {
      await using pod = await livePod(daemon);
      await daemon.stop();
      const holder = await holdDatabase(daemon, 1e6);
      await assert.rejects(daemon.start(), /state\.db is locked by another program/);
      await holder[Symbol.asyncDispose]();
      await daemon.start();
      assert.equal((await pod.status()).state, "SANDBOX_READY");
    },
  },
];

export const databaseSuite = daemonSuite("database", faults);
