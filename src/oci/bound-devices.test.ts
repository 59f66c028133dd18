import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { bindDevices } from "./bound-devices.ts";
import type { Device, Mount, Spec } from "./spec/types.ts";

const dev: Mount = { destination: "/dev", type: "tmpfs", source: "tmpfs", options: [] };

function device(path: string, major: number, minor: number): Device {
  return { type: "c", path, major, minor, fileMode: 0o666, uid: 0, gid: 0 };
}

function bound(...devices: Device[]): Spec {
  const spec = { mounts: [dev], linux: { devices } } as unknown as Spec;
  bindDevices(spec);
  return spec;
}

test("a device that the host has under the same path is the runtime's to bind", () => {
  const devices = [device("/dev/null", 1, 3)];
  assert.deepEqual(bound(...devices), { mounts: [dev], linux: { devices } });
});

test("one under another path is bound from the host's own, whatever else has that path", () => {
  const { mounts, linux } = bound(
    device("/dev/null", 1, 3),
    device("/dev/full", 1, 5),
    device("/dev/mine", 1, 7),
  );
  assert.deepEqual(linux.devices, [device("/dev/null", 1, 3)]);
  assert.deepEqual(
    mounts.map(({ destination, source }) => [destination, source]),
    [
      ["/dev", "tmpfs"],
      ["/dev/full", "/dev/zero"],
      ["/dev/mine", "/dev/full"],
    ],
  );
});

test("one that the host has no node of is refused", () => {
  const error = { code: status.FAILED_PRECONDITION, message: /^device "\/dev\/none": it is c 4095:99/ };
  assert.throws(() => bound(device("/dev/none", 4095, 99)), error);
});
