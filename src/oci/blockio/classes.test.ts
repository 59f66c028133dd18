import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { ConfigError } from "../../config/settings.ts";
import { decoded } from "../spec/fixtures.test.ts";
import { BlockioClasses } from "./classes.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-blockio-"));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, "blockio.yaml");

/** A block device of this machine, and its number as stat(1) has it. */
const device = globSync("/dev/*").find((path) => statSync(path, { throwIfNoEntry: false })?.isBlockDevice());
const skip = device === undefined && "this machine shows no block device";
const [major, minor] = device
  ? execFileSync("stat", ["-c", "%Hr %Lr", device], { encoding: "utf8" }).split(" ").map(Number)
  : [];

function classes(yaml: string, blockioReload = false): BlockioClasses {
  writeFileSync(file, yaml);
  return new BlockioClasses({ blockioConfigFile: file, blockioReload });
}

const prefix = "blockio.resources.beta.kubernetes.io";

function blockIo(of: BlockioClasses, pod: Record<string, string>, container: Record<string, string> = {}) {
  const { config, sandboxConfig } = decoded(
    { metadata: { name: "app" }, annotations: container },
    { annotations: pod },
  );
  return of.blockIoOf(config, sandboxConfig);
}

const plain = `Classes:
  low:
    - Weight: 80
  lower:
    - Weight: "70"
  lowest:
    - Weight: 60
`;

test("the class is that of the container in the pod's annotations, of the container's own, of the pod", () => {
  const of = classes(plain);
  const pod = { [`${prefix}/pod`]: "low" };
  assert.equal(blockIo(of, {}), undefined);
  assert.equal(blockIo(of, pod)?.weight, 80);
  const own = { "io.kubernetes.cri.blockio-class": "lower" };
  assert.equal(blockIo(of, pod, own)?.weight, 70);
  assert.equal(blockIo(of, { ...pod, [`${prefix}/container.app`]: "lowest" }, own)?.weight, 60);
  assert.equal(blockIo(of, { ...pod, [`${prefix}/container.other`]: "lowest" })?.weight, 80);
  const none = new BlockioClasses({ blockioConfigFile: "", blockioReload: false });
  assert.equal(blockIo(none, pod), undefined);
});

test("limits are those of the devices that the paths lead to; a later entry goes before", { skip }, () => {
  symlinkSync(device as string, join("/dev/shm", `critter-blockio-${process.pid}`));
  try {
    const of = classes(`Classes:
  throttled:
    - Devices: ["/dev/shm/critter-blockio-${process.pid}", /dev/null, /dev/no-such-device]
      ThrottleReadBps: 50M
      ThrottleWriteBps: 1Mi
      ThrottleReadIOPS: 10k
      ThrottleWriteIOPS: 7
    - Devices: ["${device}"]
      ThrottleReadBps: 25M
      Weight: 50
`);
    assert.deepEqual(blockIo(of, { [`${prefix}/pod`]: "throttled" }), {
      weightDevice: [{ major, minor, weight: 50 }],
      throttleReadBpsDevice: [{ major, minor, rate: 25_000_000 }],
      throttleWriteBpsDevice: [{ major, minor, rate: 1_048_576 }],
      throttleReadIOPSDevice: [{ major, minor, rate: 10_000 }],
      throttleWriteIOPSDevice: [{ major, minor, rate: 7 }],
    });
  } finally {
    rmSync(join("/dev/shm", `critter-blockio-${process.pid}`));
  }
});

test("a class that there is not is INVALID_ARGUMENT, unless the file has it by now and is read anew", () => {
  const pod = { [`${prefix}/pod`]: "new" };
  const unknown = {
    code: status.INVALID_ARGUMENT,
    message: /annotation .*\/pod is "new": the classes .* low, lower, lowest/,
  };
  for (const reload of [false, true]) {
    const of = classes(plain, reload);
    assert.throws(() => blockIo(of, pod), unknown);
    writeFileSync(file, `${plain}  new:\n    - Weight: 99\n`);
    if (reload) assert.equal(blockIo(of, pod)?.weight, 99);
    else assert.throws(() => blockIo(of, pod), unknown);
  }
});

test("a file that is wrong is an error by key, file and place", () => {
  const refuse = (yaml: string, message: RegExp) =>
    assert.throws(
      () => classes(yaml),
      (error: Error) =>
        error instanceof ConfigError &&
        error.message.startsWith(`crio.runtime.blockio_config_file is "${file}": `) &&
        message.test(error.message),
    );
  refuse("Classes: [", /./);
  refuse("{}", /Classes is absent/);
  refuse(
    "Classes:\n  a:\n    - Weight: 5\n",
    /Classes\.a\[0\]\.Weight is "5", it must be a quantity .* from 10 to 1000/,
  );
  refuse(
    "Classes:\n  a:\n    - Devices: [sda]\n",
    /Classes\.a\[0\]\.Devices\[0\] is "sda", it must be a path below \/dev/,
  );
  refuse("Classes:\n  a:\n    - ThrottleReadBps: 1M\n", /Classes\.a\[0\]\.ThrottleReadBps is for devices/);
  refuse("Classes:\n  a:\n    - Speed: 1M\n", /Classes\.a\[0\]\.Speed is not a field that is known/);
  assert.throws(
    () => new BlockioClasses({ blockioConfigFile: "/no/such/file", blockioReload: false }),
    /ENOENT/,
  );
});
