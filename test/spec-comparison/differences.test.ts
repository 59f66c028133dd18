import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { differences } from "./differences.ts";
import type { Json } from "./json.ts";
import { normalise } from "./normalise.ts";

function between(containerd: Json, critter: Json) {
  return differences(normalise(containerd, []), normalise(critter, []));
}

describe("differences of two specs", () => {
  it("are none where they say the same in another order, or nothing in another way", () => {
    const mount = (destination: string, ...options: string[]) => ({ destination, type: "bind", options });
    const containerd = {
      root: { path: "rootfs" },
      process: { args: ["a", "b"], env: ["A=1", "B=2"], capabilities: { bounding: ["X", "Y"] } },
      mounts: [mount("/a", "ro", "rbind"), mount("/b")],
    };
    const critter = {
      process: {
        terminal: false,
        env: ["B=2", "A=1"],
        args: ["a", "b"],
        capabilities: { bounding: ["Y", "X"], ambient: [] },
      },
      mounts: [mount("/b"), mount("/a", "rbind", "ro")],
      root: { readonly: false, path: "rootfs" },
      linux: { maskedPaths: [] },
    };
    assert.deepEqual(between(containerd, critter), []);
  });

  it("are told by the names of items, an item that one lacks as a whole", () => {
    assert.deepEqual(
      between(
        {
          process: { args: ["a", "b"], env: ["A=1=1", "B="] },
          mounts: [{ destination: "/sys", type: "sysfs", options: ["rw", "ro"] }],
          linux: { namespaces: [{ type: "ipc" }, { type: "uts", path: "/u" }], maskedPaths: ["/proc/kcore"] },
        },
        {
          process: { args: ["b", "a"], env: ["A=2"] },
          linux: { namespaces: [{ type: "ipc", path: "/i" }] },
        },
      ),
      [
        { path: "linux.maskedPaths[/proc/kcore]", containerd: "listed" },
        { path: "linux.namespaces[ipc]", containerd: "new", critter: "/i" },
        { path: "linux.namespaces[uts]", containerd: "/u" },
        { path: "mounts[/sys]", containerd: "type=sysfs options=ro,rw" },
        { path: "process.args", containerd: '["a","b"]', critter: '["b","a"]' },
        { path: "process.env[A]", containerd: "1=1", critter: "2" },
        { path: "process.env[B]", containerd: "" },
      ],
    );
  });

  it("of seccomp are by system call, however its rules are grouped; of devices by their numbers", () => {
    const rule = (action: string, names: string[], more: Json = {}) => ({
      names,
      action,
      ...(more as object),
    });
    const equal = { args: [{ index: 0, value: 8, op: "SCMP_CMP_EQ" }] };
    const none = { args: [{ index: 0, value: 0x7e020000, op: "SCMP_CMP_MASKED_EQ" }] };
    const device = { allow: true, type: "c", major: 1, access: "rwm" };
    const specWith = (syscalls: Json, devices: Json) => ({
      linux: { seccomp: { syscalls }, resources: { devices } },
    });
    assert.deepEqual(
      between(
        specWith(
          [rule("SCMP_ACT_ALLOW", ["read", "write"]), rule("SCMP_ACT_ALLOW", ["clone"], none)],
          [device],
        ),
        specWith(
          [
            rule("SCMP_ACT_ALLOW", ["write"]),
            rule("SCMP_ACT_ALLOW", ["read"], equal),
            rule("SCMP_ACT_ERRNO", ["clone"], { errnoRet: 38 }),
          ],
          [{ ...device, allow: false, minor: 3 }],
        ),
      ),
      [
        { path: "linux.resources.devices[c 1:*]", containerd: "allow rwm" },
        { path: "linux.resources.devices[c 1:3]", critter: "deny rwm" },
        {
          path: "linux.seccomp.syscalls[clone]",
          containerd: "ALLOW if arg0 & 0x7e020000 == 0x0",
          critter: "ERRNO 38",
        },
        { path: "linux.seccomp.syscalls[read]", containerd: "ALLOW", critter: "ALLOW if arg0 EQ 0x8" },
      ],
    );
  });

  it("are none where what differs by chance has one name", () => {
    const names = [
      [/\bcni-\d+/g, "cni-ID"],
      ["/tmp/a", "/var"],
    ] as const;
    const spec = (text: string) => normalise({ root: { path: text } }, names);
    assert.deepEqual(spec("/tmp/a/cni-7/x"), spec("/var/cni-812/x"));
  });
});
