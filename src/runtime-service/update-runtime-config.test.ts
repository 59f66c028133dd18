import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { RuntimeServiceContext } from "./context.ts";
import { updateRuntimeConfig } from "./update-runtime-config.ts";

function update(podCidr: string): string {
  const context = { sandboxes: { podCidr: "before" } } as unknown as RuntimeServiceContext;
  updateRuntimeConfig(context, { runtimeConfig: { networkConfig: { podCidr } } });
  return context.sandboxes.podCidr;
}

test("one CIDR, or one of each family, is kept for CNI; nothing changes nothing", () => {
  assert.equal(update("10.1.0.0/16"), "10.1.0.0/16");
  assert.equal(update("10.1.0.0/16,fd00:1::/64"), "10.1.0.0/16,fd00:1::/64");
  assert.equal(update(""), "before");
});

test("anything else is INVALID_ARGUMENT and names the field", () => {
  for (const cidr of [
    "10.1.0.0",
    "10.1.0.0/33",
    "fd00::/129",
    "10.1.0.0/",
    "pods",
    "10.1.0.0/16,",
    "1.2.3.4/8/9",
  ]) {
    assert.throws(
      () => update(cidr),
      { code: status.INVALID_ARGUMENT, message: /network_config\.pod_cidr/ },
      cidr,
    );
  }
});
