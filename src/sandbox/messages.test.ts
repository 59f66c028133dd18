import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodSandboxFilter } from "../cri/messages.ts";
import { podConfig, podRecord } from "./fixtures.test.ts";
import { sandboxMatches, sandboxStatus } from "./messages.ts";

const filter = (fields: Partial<PodSandboxFilter>) => ({ id: "", state: null, labelSelector: {}, ...fields });

test("the status has the primary address, the others, and the namespace modes", () => {
  const options = { network: "POD", pid: "CONTAINER", ipc: "NODE" } as const;
  const config = podConfig({ linux: { securityContext: { namespaceOptions: options } } });
  const status = sandboxStatus(podRecord({ config }));
  assert.deepEqual(status.network, { ip: "10.0.0.2", additionalIps: [{ ip: "fd00::2" }] });
  assert.deepEqual(status.linux, { namespaces: { options: { ...options, targetId: "" } } });
  assert.equal(status.state, "SANDBOX_READY");
  assert.equal(status.createdAt, "1700000000123456789");
});

test("a filter matches by id, state and every label", () => {
  const record = podRecord({ config: podConfig({ labels: { app: "web", tier: "front" } }) });
  assert.ok(sandboxMatches(record, null));
  assert.ok(sandboxMatches(record, filter({}), record.id));
  assert.ok(!sandboxMatches(record, filter({}), "another"));
  assert.ok(sandboxMatches(record, filter({ state: { state: "SANDBOX_READY" } })));
  assert.ok(!sandboxMatches(record, filter({ state: { state: "SANDBOX_NOTREADY" } })));
  assert.ok(sandboxMatches(record, filter({ labelSelector: { app: "web" } })));
  assert.ok(!sandboxMatches(record, filter({ labelSelector: { app: "web", tier: "back" } })));
});

test("a sandbox that is still being made is not listed, one that is being removed is not ready", () => {
  assert.ok(!sandboxMatches(podRecord({ phase: "creating" }), null));
  assert.ok(
    sandboxMatches(podRecord({ phase: "removing" }), filter({ state: { state: "SANDBOX_NOTREADY" } })),
  );
});
