import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, it } from "node:test";
import { BUSYBOX } from "../support/configs.ts";
import { outcome } from "../support/cri.ts";
import { livePod } from "../support/live-pod.ts";
import { assertNothingLeft } from "../support/pods.ts";
import { suite } from "../support/suite.ts";

const TABLES = ["sandboxes", "containers", "images", "layers"];
const newId = () => randomBytes(32).toString("hex");

/** What a record may have become, or what may have been put there. */
const RUBBISH = [
  "",
  "{",
  "null",
  "[]",
  "7",
  '"text"',
  "{}",
  '{"id":null}',
  '{"id":"../../../../etc","phase":"ready","config":{"metadata":{"name":"x"}}}',
  '{"phase":"ready","config":{"metadata":{"name":"x"}},"cgroups":7,"ips":null}',
  '{"repoTags":[7],"repoDigests":[null],"layers":[{}],"size":1,"config":{"config":null},"manifest":"","spec":null}',
  `{"a":${"[".repeat(100_000)}`,
  "\u0000\ufffd",
];

describe("a record that cannot be read", () => {
  const parts = suite();

  /** Has the daemon killed, its database changed, and the daemon started. */
  async function restartedOn(change: (database: DatabaseSync) => void): Promise<void> {
    const { daemon } = parts;
    await daemon.kill();
    const database = new DatabaseSync(join(daemon.folder, "root/state.db"));
    change(database);
    database.close();
    await daemon.start();
  }

  const logged = () => readFileSync(join(parts.daemon.folder, "critter.log"), "utf8");

  /** Changes the JSON of a record. */
  function edit(database: DatabaseSync, table: string, id: string, change: (record: never) => void): void {
    const row = database.prepare(`SELECT record FROM ${table} WHERE id = ?`).get(id)!;
    const record = JSON.parse(String(row.record));
    change(record as never);
    database.prepare(`UPDATE ${table} SET record = ? WHERE id = ?`).run(JSON.stringify(record), id);
  }

  it("is set aside and logged, in every table, and pods run on", async () => {
    await using pod = await livePod(parts.daemon);
    const container = await pod.run();
    const ids: string[] = [];
    await restartedOn((database) => {
      for (const table of TABLES) {
        for (const record of RUBBISH) {
          const id = newId();
          ids.push(id);
          database.prepare(`INSERT INTO ${table} VALUES (?, ?)`).run(id, record);
        }
      }
    });
    const lines = logged();
    for (const id of ids) assert.match(lines, new RegExp(`set aside a record.*${id}`));
    const { runtime, image } = parts.daemon.client;
    assert.deepEqual(
      (await runtime.ListPodSandbox()).items.map(({ id }) => id),
      [pod.id],
    );
    assert.deepEqual(
      (await runtime.ListContainers()).containers.map(({ id }) => id),
      [container],
    );
    assert.ok((await image.ListImages()).images.some(({ repoTags }) => repoTags.includes(BUSYBOX)));
    assert.equal(await pod.sh(container, "echo runs"), "runs");
  });

  const WRONG: [field: string, value: unknown][] = [
    ["id", newId()],
    ["phase", "flying"],
    ["config", { metadata: { name: "x", attempt: 0 } }],
    ["createdAt", 5],
    ["process", { pid: "1" }],
    ["monitor", undefined],
    ["requestDigest", null],
  ];
  for (const [field, value] of WRONG) {
    it(`with a wrong ${field}: its container ends, and the rest of the pod goes on`, async () => {
      await using pod = await livePod(parts.daemon);
      const [bad, good] = [await pod.run(), await pod.run()];
      await restartedOn((database) => {
        edit(database, "containers", bad, (record) => Object.assign(record, { [field]: value }));
      });
      const { runtime } = parts.daemon.client;
      assert.deepEqual(
        (await runtime.ListContainers()).containers.map(({ id }) => id),
        [good],
      );
      assert.equal(await outcome(runtime.ContainerStatus({ containerId: bad })), "NOT_FOUND");
      assert.equal(await pod.sh(good, "ps -o stat,args | grep -c '^[^Z].*[t]op'"), "1");
    });
  }

  it("of a pod: all of the pod goes, with its containers and its network, and the others stay", async () => {
    await using other = await livePod(parts.daemon);
    const stays = await other.run();
    for (const [field, value] of [...WRONG.slice(0, 2), ["cgroups", null], ["ips", "10.0.0.1"]] as const) {
      const pod = await livePod(parts.daemon, { portMappings: [{ containerPort: 80, hostPort: 21_998 }] });
      await pod.run();
      await restartedOn((database) => {
        edit(database, "sandboxes", pod.id, (record) => Object.assign(record, { [field]: value }));
      });
      const { runtime } = parts.daemon.client;
      assert.deepEqual(
        (await runtime.ListPodSandbox()).items.map(({ id }) => id),
        [other.id],
        field,
      );
      assert.deepEqual(
        (await runtime.ListContainers()).containers.map(({ id }) => id),
        [stays],
        field,
      );
      assert.equal(await other.sh(stays, "echo runs"), "runs");
    }
  });

  for (const table of ["images", "layers"]) {
    it(`of ${table}: containers go on with their files, and a pull brings the image back`, async () => {
      const { daemon } = parts;
      {
        await using pod = await livePod(daemon);
        const container = await pod.run();
        const files = await pod.sh(container, "find /bin /lib | sort");
        await restartedOn((database) => database.exec(`UPDATE ${table} SET record = '{'`));
        assert.deepEqual((await daemon.client.image.ListImages()).images, []);
        assert.equal(await pod.sh(container, "find /bin /lib | sort"), files);
        await daemon.client.image.PullImage({ image: { image: BUSYBOX } });
        assert.equal(await pod.sh(await pod.run(), "find /bin /lib | sort"), files);
        assert.equal(await pod.sh(container, "find /bin /lib | sort"), files);
      }
      // The layers that the container had mounted go with a start after its end; a pod brings the pause image back.
      await restartedOn(() => {});
      await using _pod = await livePod(daemon);
    });
  }

  afterEach(() => assertNothingLeft(parts.daemon, parts.nothing));
});
