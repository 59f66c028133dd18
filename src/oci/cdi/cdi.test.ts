import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { redirectLog } from "../../log.ts";
import { buildContainerSpec } from "../spec/container.ts";
import { containerInput, decoded } from "../spec/fixtures.test.ts";
import { applyEdits } from "./apply-edits.ts";
import { CdiDevices } from "./devices.ts";
import { type ContainerEdits, readCdiDocument } from "./document.ts";
import { parseQualifiedName } from "./names.ts";
import { requestedCdiDevices } from "./request.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-cdi-"));
after(() => rmSync(folder, { recursive: true }));
after(redirectLog(() => {}));
const [vendor, admin] = [join(folder, "etc"), join(folder, "run")];
const cdi = new CdiDevices([vendor, admin]);

function write(path: string, content: unknown): void {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
}

const document = (fields: object, ...devices: object[]) => ({
  cdiVersion: "1.0.0",
  kind: "example.com/gpu",
  devices,
  ...fields,
});
const device = (name: string, value: string) => ({ name, containerEdits: { env: [`${name}=${value}`] } });
const editsOf = (...names: string[]) => cdi.editsOf(names.map((name) => ({ name, field: "f" })));
const envOf = (...names: string[]) => editsOf(...names).flatMap(({ env = [] }) => env);

describe("names", () => {
  test("of vendor, class and device", () => {
    for (const name of ["vendor.com/net=eth0", "v/c=0", "V-1.x_y/gpu.v2=mig1:0.a-b_c"])
      assert.ok(parseQualifiedName(name), name);
    for (const name of [
      "",
      "vendor.com/net",
      "net=eth0",
      "1v/net=e",
      "v./net=e",
      "v/net-=e",
      "v/n/m=e",
      "v/n=",
      "v/n=-a",
      "v/n=a=",
    ])
      assert.equal(parseQualifiedName(name), undefined, name);
  });

  test("of a request: the field's and the annotations', each once", () => {
    const { config } = decoded({
      CDIDevices: [{ name: "v/c=1" }, { name: "v/c=1" }],
      annotations: { "cdi.k8s.io/plugin_1": "v/c=2,v/c=1", other: "v/c=3" },
    });
    assert.deepEqual(requestedCdiDevices(config), [
      { name: "v/c=1", field: "config.CDI_devices[0].name" },
      { name: "v/c=2", field: 'config.annotations["cdi.k8s.io/plugin_1"]' },
    ]);
    assert.deepEqual(requestedCdiDevices(decoded({}).config), []);
    const wrong = decoded({ annotations: { "cdi.k8s.io/x": "v/c=1, v/c=2" } }).config;
    assert.throws(() => requestedCdiDevices(wrong), {
      code: status.INVALID_ARGUMENT,
      message: /^config\.annotations\["cdi\.k8s\.io\/x"\] is " v\/c=2": not of the form/,
    });
  });
});

describe("documents", () => {
  const refuse = (fields: object, message: RegExp, ...devices: object[]) =>
    assert.throws(
      () => readCdiDocument(document(fields, ...(devices.length > 0 ? devices : [device("a", "1")]))),
      { message },
    );

  test("fields that are wrong are told by their places", () => {
    refuse({ kind: "gpu" }, /^kind is "gpu", it must be of the form VENDOR\/CLASS/);
    refuse({ cdiVersion: undefined }, /^cdiVersion is absent/);
    refuse({ devices: [] }, /^devices is empty/);
    refuse({ annotations: { "a b": "c" } }, /^annotations has "a b", which is not an annotation's name/);
    refuse({ annotations: { a: 1 } }, /^annotations\.a is 1, it must be a string/);
    refuse({ netDevices: [] }, /^netDevices is not a field/);
    refuse({ containerEdits: { env: ["A"] } }, /^containerEdits\.env\[0\] is "A"/);
    refuse(
      { containerEdits: { mounts: [{ hostPath: "/a" }] } },
      /^containerEdits\.mounts\[0\]\.containerPath is absent/,
    );
    refuse(
      { containerEdits: { hooks: [{ hookName: "precreate", path: "/a" }] } },
      /hookName is "precreate", it must be one of prestart/,
    );
    refuse({ containerEdits: { deviceNodes: [{ path: "/dev/a", type: "x" }] } }, /type is "x"/);
    refuse(
      { containerEdits: { deviceNodes: [{ path: "/dev/a", permissions: "rx" }] } },
      /permissions is "rx"/,
    );
    refuse({ containerEdits: { intelRdt: { closID: ".." } } }, /closID is "\.\."/);
    refuse({ containerEdits: { netDevices: [] } }, /netDevices is not a field/);
    refuse({}, /^devices\[0\]\.name is "-a"/, device("-a", "1"));
    refuse({}, /^devices has "a" twice/, device("a", "1"), device("a", "2"));
    refuse({}, /^device "a" has no containerEdits/, { name: "a", containerEdits: {} });
  });

  test("what a version does not have yet is refused", () => {
    const old = (cdiVersion: string, fields: object, ...devices: object[]) =>
      refuse({ cdiVersion, ...fields }, new RegExp(`^cdiVersion is "${cdiVersion}", but`), ...devices);
    old("0.6.0", { containerEdits: { additionalGids: [5] } });
    old("0.6.0", { containerEdits: { intelRdt: {} } });
    old("0.5.0", { annotations: { a: "b" } });
    old("0.5.0", {}, { ...device("a", "1"), annotations: { a: "b" } });
    old("0.5.0", { kind: "v/c.d" });
    old("0.4.0", {}, device("0", "1"));
    old("0.4.0", { containerEdits: { deviceNodes: [{ path: "/dev/a", hostPath: "/dev/b" }] } });
    old("0.3.0", { containerEdits: { mounts: [{ hostPath: "a", containerPath: "/a", type: "tmpfs" }] } });
    refuse({ cdiVersion: "2.0.0" }, /^cdiVersion is "2\.0\.0", which is not known/);
    assert.ok(readCdiDocument(document({ cdiVersion: "v0.3.0" }, device("a", "1"))));
  });
});

describe("devices", () => {
  test("nothing is described where there is no folder; the error names the device and the folders", () => {
    assert.throws(() => editsOf("example.com/gpu=a"), {
      code: status.INVALID_ARGUMENT,
      message: `f is "example.com/gpu=a": no CDI specification in ${vendor}, ${admin} describes it`,
    });
    assert.throws(() => editsOf("gpu"), /f is "gpu": not of the form/);
  });

  test("new files are seen at once, in JSON and YAML; the file's edits come first and once", () => {
    write(
      join(vendor, "gpu.json"),
      document({ containerEdits: { env: ["ALL=1"] } }, device("a", "1"), device("b", "1")),
    );
    assert.deepEqual(envOf("example.com/gpu=a", "example.com/gpu=b"), ["ALL=1", "a=1", "b=1"]);
    const yaml = `cdiVersion: "0.6.0"
kind: example.com/nic
devices:
- name: eth0
  containerEdits:
    deviceNodes:
    - {path: /dev/nic, type: c, major: 10, minor: 200, fileMode: 0640}
`;
    write(join(vendor, "nic.yaml"), yaml);
    assert.deepEqual(editsOf("example.com/nic=eth0")[1]?.deviceNodes, [
      { path: "/dev/nic", type: "c", major: 10, minor: 200, fileMode: 0o640 },
    ]);
    write(join(vendor, "nic.txt"), "no specification");
    mkdirSync(join(vendor, "folder.json"));
    rmSync(join(vendor, "nic.yaml"));
    assert.throws(() => editsOf("example.com/nic=eth0"), /describes it$/);
  });

  test("a later folder goes before an earlier one; two files in one folder are in conflict where it is used", () => {
    write(join(admin, "gpu.json"), document({}, device("a", "2")));
    assert.deepEqual(envOf("example.com/gpu=a", "example.com/gpu=b"), ["a=2", "ALL=1", "b=1"]);
    write(join(admin, "gpu2.json"), document({}, device("a", "3"), device("c", "3")));
    assert.throws(() => editsOf("example.com/gpu=a"), {
      code: status.INVALID_ARGUMENT,
      message: `f is "example.com/gpu=a": ${admin}/gpu.json and ${admin}/gpu2.json both describe it`,
    });
    assert.deepEqual(envOf("example.com/gpu=c"), ["c=3"]);
    rmSync(join(admin, "gpu2.json"));
    assert.deepEqual(envOf("example.com/gpu=a"), ["a=2"]);
    // In conflict below, but decided above.
    write(join(vendor, "gpu2.json"), document({}, device("a", "4")));
    assert.deepEqual(envOf("example.com/gpu=a"), ["a=2"]);
  });

  test("a file that is wrong takes only its own devices away, and an unknown device's error tells of it", () => {
    write(join(admin, "bad.yaml"), "cdiVersion: [");
    write(join(admin, "worse.json"), "{}");
    assert.deepEqual(envOf("example.com/gpu=a"), ["a=2"]);
    const message = /describes it; left out: .*bad\.yaml: .*; .*worse\.json: cdiVersion is absent/s;
    assert.throws(() => editsOf("example.com/gpu=x"), { message });
  });
});

describe("edits", () => {
  const node = join(folder, "node");
  execFileSync("mknod", ["-m", "0600", node, "b", "259", "7"]);
  const edited = (edits: ContainerEdits, config: Parameters<typeof containerInput>[1] = {}) => {
    const spec = buildContainerSpec(containerInput(folder, config));
    applyEdits(spec, edits);
    return spec;
  };

  test("variables, mounts, hooks, groups and resctrl", () => {
    const { process, mounts, hooks, linux } = edited(
      {
        env: ["PATH=/cdi", "NEW=1"],
        mounts: [
          { hostPath: "/lib/gpu", containerPath: "/usr/lib/gpu", options: ["ro", "bind"] },
          { hostPath: "none", containerPath: "/dev/shm", type: "tmpfs", options: ["size=1m"] },
        ],
        hooks: [{ hookName: "createContainer", path: "/bin/hook", args: ["hook", "x"], timeout: 3 }],
        additionalGids: [0, 44, 44],
        intelRdt: { closID: "gold" },
      },
      { envs: [{ key: "PATH", value: Buffer.from("/pod") }] },
    );
    assert.deepEqual(process.env.filter((one) => /^(PATH|NEW)=/.test(one)).sort(), ["NEW=1", "PATH=/cdi"]);
    const at = (path: string) => mounts.filter(({ destination }) => destination === path);
    assert.deepEqual(at("/usr/lib/gpu"), [
      { destination: "/usr/lib/gpu", type: "bind", source: "/lib/gpu", options: ["ro", "bind"] },
    ]);
    assert.deepEqual(
      at("/dev/shm").map(({ type }) => type),
      ["tmpfs"],
    );
    assert.ok(
      mounts.findIndex(({ destination }) => destination === "/dev") < mounts.indexOf(at("/dev/shm")[0]!),
    );
    assert.deepEqual(hooks, { createContainer: [{ path: "/bin/hook", args: ["hook", "x"], timeout: 3 }] });
    assert.deepEqual(process.user.additionalGids, [0, 44]);
    assert.deepEqual(linux.intelRdt, { closID: "gold" });
  });

  test("device nodes: numbers of the host where they are absent, owner of the process, one a path", () => {
    const { linux } = edited(
      {
        deviceNodes: [
          { path: "/dev/disk", hostPath: node, permissions: "r" },
          { path: "/dev/char", type: "u", major: 10, minor: 5, fileMode: 0o600, uid: 0, gid: 3 },
          { path: "/dev/pipe", type: "p" },
        ],
      },
      {
        linux: { securityContext: { runAsUser: { value: 1000 }, runAsGroup: { value: 2000 } } },
        devices: [{ hostPath: "/dev/null", containerPath: "/dev/disk", permissions: "w" }],
      },
    );
    assert.deepEqual(linux.devices, [
      { type: "b", major: 259, minor: 7, path: "/dev/disk", uid: 1000, gid: 2000 },
      { type: "u", major: 10, minor: 5, path: "/dev/char", fileMode: 0o600, uid: 0, gid: 3 },
      { type: "p", major: 0, minor: 0, path: "/dev/pipe", uid: 1000, gid: 2000 },
    ]);
    assert.deepEqual(linux.resources.devices?.slice(-2), [
      { allow: true, type: "b", major: 259, minor: 7, access: "r" },
      { allow: true, type: "c", major: 10, minor: 5, access: "rwm" },
    ]);
    const refuse = (deviceNode: object, message: RegExp) =>
      assert.throws(() => edited({ deviceNodes: [{ path: "/dev/x", ...deviceNode }] }), {
        code: status.FAILED_PRECONDITION,
        message,
      });
    refuse({ hostPath: join(folder, "absent") }, /no such device on this host/);
    refuse({ hostPath: folder }, /no such device/);
    refuse({ hostPath: node, type: "c" }, /is of the type c by its specification, and b/);
  });
});
