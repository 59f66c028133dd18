import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerFilter } from "../cri/messages.ts";
import { containerMatches, containerStatus } from "./messages.ts";
import type { ContainerRecord } from "./record.ts";

function containerRecord(record: Partial<ContainerRecord> = {}): ContainerRecord {
  return {
    id: "c1",
    podSandboxId: "p1",
    config: {
      metadata: { name: "web", attempt: 1 },
      image: null,
      labels: { app: "web" },
      annotations: {},
      mounts: [],
      stdin: false,
      stdinOnce: false,
      tty: false,
    },
    requestDigest: "",
    resources: null,
    runtime: "runc",
    imageId: "sha256:1",
    imageRef: "example.com/web@sha256:2",
    phase: "running",
    createdAt: "1700000000123456789",
    startedAt: "1700000000223456789",
    finishedAt: "0",
    exitCode: 0,
    reason: "",
    message: "",
    logPath: "/logs/web.log",
    user: null,
    stopSignal: "SIGNAL_SIGTERM",
    process: null,
    monitor: null,
    monitorCgroup: "",
    ...record,
  };
}

const filter = (fields: Partial<ContainerFilter>) => ({
  id: "",
  state: null,
  podSandboxId: "",
  labelSelector: {},
  ...fields,
});

test("an ended container says why: by its exit code, unless something else ended it", () => {
  const reasonOf = (record: Partial<ContainerRecord>) => containerStatus(containerRecord(record)).reason;
  assert.equal(reasonOf({ phase: "running" }), "");
  assert.equal(reasonOf({ phase: "exited" }), "Completed");
  assert.equal(reasonOf({ phase: "exited", exitCode: 3 }), "Error");
  assert.equal(reasonOf({ phase: "exited", exitCode: 137, reason: "OOMKilled" }), "OOMKilled");
  assert.equal(reasonOf({ phase: "removing", exitCode: 1 }), "Error");
});

test("the status keeps times to the nanosecond, and both names of the image", () => {
  const status = containerStatus(containerRecord());
  assert.equal(status.createdAt, "1700000000123456789");
  assert.equal(status.imageRef, "example.com/web@sha256:2");
  assert.equal(status.imageId, "sha256:1");
  assert.equal(status.state, "CONTAINER_RUNNING");
});

test("the status names the image as its user did, whatever it was asked for by", () => {
  const { config } = containerRecord();
  const named = (image: string, userSpecifiedImage: string) => {
    const spec = { image, userSpecifiedImage, annotations: {}, runtimeHandler: "", imageRef: "" };
    return containerStatus(containerRecord({ config: { ...config, image: spec } })).image?.image;
  };
  assert.equal(named("sha256:1", "example.com/web:1"), "example.com/web:1");
  assert.equal(named("example.com/web:1", ""), "example.com/web:1");
});

test("a filter matches by id, pod, state and labels; a container that is still being made is nobody's", () => {
  const record = containerRecord();
  assert.ok(containerMatches(record, null));
  assert.ok(containerMatches(record, filter({}), "c1", "p1"));
  assert.ok(!containerMatches(record, filter({}), "c2"));
  assert.ok(!containerMatches(record, filter({}), "c1", "p2"));
  assert.ok(containerMatches(record, filter({ state: { state: "CONTAINER_RUNNING" } })));
  assert.ok(!containerMatches(record, filter({ state: { state: "CONTAINER_EXITED" } })));
  assert.ok(!containerMatches(record, filter({ labelSelector: { app: "db" } })));
  assert.ok(!containerMatches(containerRecord({ phase: "creating" }), null));
});
