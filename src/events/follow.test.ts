import assert from "node:assert/strict";
import { test } from "node:test";
import { exitedContainer, stoppedPod } from "../../test/support/records.ts";
import { loadCri } from "../cri/proto.ts";
import type { ContainerRecord } from "../oci/record.ts";
import type { SandboxContext } from "../sandbox/context.ts";
import type { PodSandboxRecord } from "../sandbox/record.ts";
import { openDatabase, Records } from "../state/database.ts";
import { Store } from "../state/store.ts";
import type { ContainerEvents } from "./container-events.ts";
import { followPods } from "./follow.ts";

const cri = loadCri();
const { responseDeserialize } = cri.RuntimeService.GetContainerEvents;

/** Stores that are followed, and what has been told of them. */
function follow(awaited = true) {
  const database = openDatabase(":memory:");
  const noEntry = () => Buffer.alloc(0);
  const pods = new Store<PodSandboxRecord>("pod", new Records(database, "pods"), noEntry);
  const containers = new Store<ContainerRecord>("container", new Records(database, "containers"), noEntry);
  const told: Buffer[] = [];
  const events = { awaited, tell: (event: Buffer) => told.push(event) };
  const context = { store: pods, containers: { store: containers } };
  followPods(context as unknown as SandboxContext, events as unknown as ContainerEvents, cri);
  const decoded = () => told.map((event) => responseDeserialize(event));
  return { pods, containers, told, decoded };
}

function pod(uid: string, attempt: number): PodSandboxRecord {
  const record = stoppedPod(attempt, {});
  record.config.metadata.uid = uid;
  return record;
}

test("an event shows all containers of the pod, of its earlier sandboxes too, and no other's", () => {
  const { pods, containers, decoded } = follow();
  const [first, second, other] = [pod("a", 0), pod("a", 1), pod("b", 0)];
  for (const record of [first, second, other]) pods.add({ ...record, phase: "creating" });
  const ended = [
    exitedContainer(first.id, {}),
    exitedContainer(second.id, {}),
    exitedContainer(other.id, {}),
  ];
  for (const record of ended) containers.add(record);
  const half: ContainerRecord = { ...exitedContainer(second.id, {}), phase: "creating" };
  containers.add(half);
  containers.delete(half);
  const events = decoded();
  assert.deepEqual(
    events.map(({ containerId, podSandboxStatus }) => [containerId, podSandboxStatus?.id]),
    ended.map(({ id, podSandboxId }) => [id, podSandboxId]),
  );
  assert.deepEqual(
    events.map(({ containersStatuses }) => containersStatuses?.map(({ id }) => id)),
    [[ended[0]!.id], [ended[0]!.id, ended[1]!.id], [ended[2]!.id]],
  );
});

test("pods without a uid have nothing to do with each other", () => {
  const { pods, containers, decoded } = follow();
  const [one, two] = [pod("", 0), pod("", 1)];
  for (const record of [one, two]) pods.add({ ...record, phase: "creating" });
  for (const { id } of [one, two]) containers.add(exitedContainer(id, {}));
  assert.deepEqual(
    decoded().map(({ containersStatuses }) => containersStatuses?.length),
    [1, 1],
  );
});

test("what is deleted is shown once more where it is the pod, and no more where it is a container", () => {
  const { pods, containers, decoded } = follow();
  const record = pod("a", 0);
  pods.add(record);
  const container = exitedContainer(record.id, {});
  containers.add(container);
  containers.delete(container);
  pods.delete(record);
  const [ofContainer, ofPod] = decoded().slice(-2);
  assert.equal(ofContainer?.containerEventType, "CONTAINER_DELETED_EVENT");
  assert.deepEqual(ofContainer?.containersStatuses, []);
  assert.equal(ofPod?.containerId, record.id);
  assert.deepEqual({ ...ofPod?.podSandboxStatus?.metadata }, record.config.metadata);
});

test("no two events have the same time", () => {
  const { pods, told } = follow();
  for (let at = 0; at < 50; at++) pods.add({ ...pod("a", at), phase: "ready" });
  // As numbers the times would lose their last digits.
  const times = told.map(createdAt);
  assert.equal(times.length, 100);
  assert.deepEqual([...new Set(times)].sort(), times);
});

test("nothing is encoded while nobody waits for it", () => {
  const { pods, told } = follow(false);
  pods.add(pod("a", 0));
  assert.deepEqual(told, []);
});

/** Field 3, a varint: the bytes after `container_id` (66 of them) and, but for the first of its values, the event's type. */
function createdAt(event: Buffer): bigint {
  let at = 66;
  if (event[at] === 0x10) at += 2;
  assert.equal(event[at++], 0x18);
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = event[at++] as number;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}
