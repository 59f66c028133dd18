import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerPhase } from "../oci/record.ts";
import type { SandboxPhase } from "../sandbox/record.ts";
import { openDatabase, Records } from "../state/database.ts";
import { Store } from "../state/store.ts";
import { containerEvents, followTransitions, type PhaseEvents, sandboxEvents } from "./transitions.ts";

interface Thing<Phase> {
  id: string;
  phase: Phase;
  note?: string;
}

function follow<Phase extends string>(events: PhaseEvents<Phase>, ...present: Thing<Phase>[]) {
  const records = new Records<Thing<Phase>>(openDatabase(":memory:"), "things");
  const store = new Store<Thing<Phase>>("thing", records, () => Buffer.alloc(0));
  for (const thing of present) store.add(thing);
  const told: string[] = [];
  followTransitions(store, events, ({ id }, type) =>
    told.push(`${id} ${type.replace(/CONTAINER_|_EVENT/g, "")}`),
  );
  return { store, told };
}

test("a container's life is four events, whatever else is changed", () => {
  const { store, told } = follow<ContainerPhase>(containerEvents);
  const c: Thing<ContainerPhase> = { id: "c", phase: "creating" };
  store.add(c);
  for (const phase of ["created", "running", "exited", "removing"] as const) {
    store.update(c, { phase });
    store.update(c, { note: "resources" });
  }
  store.delete(c);
  assert.deepEqual(told, ["c CREATED", "c STARTED", "c STOPPED", "c DELETED"]);
});

test("what is taken back before it was there is not told", () => {
  const { store, told } = follow<ContainerPhase>(containerEvents);
  const c: Thing<ContainerPhase> = { id: "c", phase: "creating" };
  store.add(c);
  store.delete(c);
  assert.deepEqual(told, []);
});

test("a pod's phase counts when it is on disk, and once", () => {
  const { store, told } = follow<SandboxPhase>(sandboxEvents);
  const p: Thing<SandboxPhase> = { id: "p", phase: "creating" };
  store.add(p);
  store.update(p, { phase: "ready" });
  p.phase = "notready";
  assert.deepEqual(told, ["p CREATED", "p STARTED"]);
  store.update(p, { note: "network is gone" });
  store.update(p, { note: "stopped once more" });
  store.update(p, { phase: "removing" });
  store.delete(p);
  assert.deepEqual(told, ["p CREATED", "p STARTED", "p STOPPED", "p DELETED"]);
});

test("of records from before a restart only what happens now is told", () => {
  const running: Thing<ContainerPhase> = { id: "running", phase: "running" };
  const removing: Thing<ContainerPhase> = { id: "removing", phase: "removing" };
  const half: Thing<ContainerPhase> = { id: "half", phase: "creating" };
  const { store, told } = follow<ContainerPhase>(containerEvents, running, removing, half);
  store.delete(half);
  store.delete(removing);
  store.update(running, { note: "adopted" });
  store.update(running, { phase: "exited" });
  assert.deepEqual(told, ["removing DELETED", "running STOPPED"]);
});
