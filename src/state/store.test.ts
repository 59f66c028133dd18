import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { openDatabase, Records } from "./database.ts";
import { Store } from "./store.ts";

interface Pod {
  id: string;
  state: string;
}
const isPod = (record: unknown): record is Pod => typeof (record as Pod).id === "string";

function podStore() {
  const records = new Records<Pod>(openDatabase(":memory:"), "pods");
  let encoded = 0;
  const store = new Store<Pod>("pod sandbox", records, (pod) => {
    encoded++;
    return Buffer.from(`${pod.id}=${pod.state};`);
  });
  return { records, store, encodings: () => encoded };
}

test("records are found by id and by a prefix that only one has", () => {
  const { store } = podStore();
  store.add({ id: "abc1", state: "ready" });
  store.add({ id: "abc2", state: "ready" });
  assert.equal(store.get("abc1").id, "abc1");
  assert.equal(store.find("abc2")?.id, "abc2");
  assert.throws(() => store.find("abc"), { code: status.INVALID_ARGUMENT });
  assert.throws(() => store.get(""), { code: status.NOT_FOUND });
  assert.throws(() => store.get("x"), { code: status.NOT_FOUND, message: 'pod sandbox "x" not found' });
});

test("a list entry is encoded once, and again after a change", () => {
  const { store, encodings } = podStore();
  const pod = { id: "a", state: "ready" };
  store.add(pod);
  store.add({ id: "b", state: "ready" });
  assert.equal(store.list(() => true).toString(), "a=ready;b=ready;");
  store.list(() => true);
  assert.equal(encodings(), 2);
  store.update(pod, { state: "gone" });
  assert.equal(store.list(({ id }) => id === "a").toString(), "a=gone;");
  assert.equal(encodings(), 3);
});

test("the database has what the store has", () => {
  const { store, records } = podStore();
  const pod = { id: "a", state: "ready" };
  store.add(pod);
  store.update(pod, { state: "gone" });
  assert.deepEqual([...records.load(isPod).values()], [pod]);
  store.delete(pod);
  assert.equal(records.load(isPod).size, 0);
  assert.equal(store.size, 0);
});

test("listeners learn of every change once the database has it", () => {
  const { store, records } = podStore();
  const told: string[] = [];
  store.onChange((pod, change) => {
    const stored = records.load(isPod).get(pod.id)?.state;
    told.push(`${change} ${pod.state}, in the database ${stored}`);
  });
  const pod = { id: "a", state: "ready" };
  store.add(pod);
  store.update(pod, { state: "gone" });
  store.delete(pod);
  assert.deepEqual(told, [
    "stored ready, in the database ready",
    "stored gone, in the database gone",
    "deleted gone, in the database undefined",
  ]);
});

test("entries are those of the beginning, encoded when their turn comes", () => {
  const { store, encodings } = podStore();
  const [a, b] = [
    { id: "a", state: "ready" },
    { id: "b", state: "ready" },
  ];
  store.add(a);
  store.add(b);
  const entries = store.entries(() => true);
  assert.equal(entries.next().value?.toString(), "a=ready;");
  assert.equal(encodings(), 1);
  store.update(b, { state: "gone" });
  store.add({ id: "c", state: "ready" });
  assert.deepEqual([...entries].map(String), ["b=gone;"]);
});
