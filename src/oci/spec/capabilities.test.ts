import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { redirectLog } from "../../log.ts";
import { type CapabilitiesInput, processCapabilities } from "./capabilities.ts";
import { capabilityNames } from "./capability-names.ts";

const available = new Set(["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW", "CAP_SYS_ADMIN"]);

function capabilities(
  add: string[],
  drop: string[],
  fields: Partial<CapabilitiesInput> = {},
  ambient: string[] = [],
) {
  return processCapabilities({
    requested: { addCapabilities: add, dropCapabilities: drop, addAmbientCapabilities: ambient },
    privileged: false,
    defaults: ["CHOWN", "CAP_KILL"],
    available,
    ...fields,
  });
}

test("the defaults, in three sets; inheritable and ambient are empty", () => {
  const expected = ["CAP_CHOWN", "CAP_KILL"];
  assert.deepEqual(
    processCapabilities({ requested: null, privileged: false, defaults: ["chown", "KILL"], available }),
    {
      bounding: expected,
      effective: expected,
      permitted: expected,
      inheritable: [],
      ambient: [],
    },
  );
});

test("add and drop, with and without CAP_, in any case", () => {
  assert.deepEqual(capabilities(["net_raw"], ["CAP_CHOWN"]).bounding, ["CAP_KILL", "CAP_NET_RAW"]);
  assert.deepEqual(capabilities(["CAP_SYS_ADMIN"], ["sys_admin"]).bounding, ["CAP_CHOWN", "CAP_KILL"]);
});

test("ALL comes first, single names after it", () => {
  assert.deepEqual(capabilities(["ALL"], []).bounding, [...available]);
  assert.deepEqual(capabilities([], ["all"]).bounding, []);
  assert.deepEqual(capabilities(["NET_RAW"], ["ALL"]).bounding, ["CAP_NET_RAW"]);
  assert.deepEqual(capabilities(["ALL"], ["CHOWN", "KILL"]).bounding, ["CAP_NET_RAW", "CAP_SYS_ADMIN"]);
});

test("ambient ones are in every set", () => {
  const { ambient, inheritable, permitted } = capabilities([], ["ALL"], {}, ["NET_RAW"]);
  assert.deepEqual([ambient, inheritable, permitted], [["CAP_NET_RAW"], ["CAP_NET_RAW"], ["CAP_NET_RAW"]]);
});

test("all that are given are inheritable where crio.conf says so", () => {
  const given = processCapabilities({
    requested: null,
    privileged: false,
    defaults: ["CHOWN"],
    available: new Set(["CAP_CHOWN", "CAP_KILL"]),
    inheritable: true,
  });
  assert.deepEqual([given.inheritable, given.ambient], [["CAP_CHOWN"], []]);
});

test("privileged is all that the daemon has", () => {
  assert.deepEqual(capabilities([], ["ALL"], { privileged: true }).effective, [...available]);
});

test("what the daemon lacks is left out, and logged once", () => {
  const lines: string[] = [];
  const restore = redirectLog((line) => lines.push(line));
  try {
    assert.deepEqual(capabilities(["SYS_TIME"], []).bounding, ["CAP_CHOWN", "CAP_KILL"]);
    capabilities(["SYS_TIME"], []);
  } finally {
    restore();
  }
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /CAP_SYS_TIME/);
});

test("an unknown name is refused, also by a privileged container", () => {
  const field = "config.linux.security_context.capabilities";
  const refused = (name: string) => ({
    code: status.INVALID_ARGUMENT,
    message: `${field}.${name} is "FLY": not a capability`,
  });
  assert.throws(() => capabilities(["FLY"], []), refused("add_capabilities"));
  assert.throws(() => capabilities([], ["FLY"], { privileged: true }), refused("drop_capabilities"));
  assert.throws(() => capabilities([], [], {}, ["FLY"]), refused("add_ambient_capabilities"));
});

test("names of a mask", () => {
  assert.deepEqual(capabilityNames(0x10000000001n), ["CAP_CHOWN", "CAP_CHECKPOINT_RESTORE"]);
});
