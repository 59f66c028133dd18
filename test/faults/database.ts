/** SQLite's faults: a database that another program holds, that rots, or that goes away. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { livePod } from "../support/live-pod.ts";
import { type DaemonBed, daemonSuite } from "./daemon-bed.ts";
import type { Fault } from "./fault.ts";

const faults: Fault<DaemonBed>[] = [
  {
    name: "a record that is no JSON is set aside, and the others stay",
    short: true,
    async inflict({ daemon }) {
      await using pod = await livePod(daemon);
      await daemon.stop();
      const database = new DatabaseSync(join(daemon.folder, "root", "state.db"));
      database.exec("INSERT INTO containers (id, record) VALUES ('rot', '{')");
      database.close();
      await daemon.start();
      assert.equal((await pod.status()).state, "SANDBOX_READY");
      assert.deepEqual((await daemon.client.runtime.ListContainers()).containers, []);
    },
  },
];

export const databaseSuite = daemonSuite("database", faults);
