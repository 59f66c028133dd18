import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { type DeviceEntry, parseDeviceEntry } from "../../config/device-entry.ts";
import { ConfigError } from "../../config/load.ts";
import { buildContainerSpec } from "./container.ts";
import { containerInput } from "./fixtures.test.ts";
import { checkAdditionalDevices, grantedDevices } from "./granted-devices.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-granted-"));
after(() => rmSync(folder, { recursive: true }));
const node = join(folder, "node");
execFileSync("mknod", ["-m", "0640", node, "c", "240", "7"]);
writeFileSync(join(folder, "file"), "");

const additional = [parseDeviceEntry(`${node}:/dev/given:r`) as DeviceEntry];
const given = {
  device: { type: "c", path: "/dev/given", major: 240, minor: 7, fileMode: 0o640, uid: 0, gid: 0 },
  access: "r",
};
const granted = (annotations: Record<string, string>, allowed: string[], allowedDevices = [node]) =>
  grantedDevices({ additionalDevices: [], allowedDevices }, annotations, allowed);

test("crio.conf's devices are everybody's, before those of the request", () => {
  const grants = { additionalDevices: additional, allowedDevices: [] };
  assert.deepEqual(grantedDevices(grants, {}, []), [given]);
  const devices = [{ hostPath: "/dev/null", containerPath: "/dev/given", permissions: "w" }];
  const input = containerInput(folder, { devices });
  Object.assign(input.runtime, grants);
  const { linux } = buildContainerSpec(input);
  assert.deepEqual(
    linux.devices?.map(({ path, major }) => [path, major]),
    [["/dev/given", 1]],
  );
  assert.ok(linux.resources.devices?.some(({ major, access }) => major === 240 && access === "r"));
});

test("an annotation's devices need the handler's leave and crio.conf's", () => {
  const value = `${node}:/dev/a:rw,${node}:/dev/b`;
  for (const name of ["io.kubernetes.cri-o.Devices", "devices.crio.io"]) {
    const devices = granted({ [name]: value }, [name]);
    assert.deepEqual(
      devices.map(({ device, access }) => [device.path, access]),
      [
        ["/dev/a", "rw"],
        ["/dev/b", "rwm"],
      ],
    );
    assert.deepEqual(granted({ [name]: value }, ["other"]), []);
    assert.throws(() => granted({ [name]: value }, [name], []), {
      code: status.INVALID_ARGUMENT,
      message: /^sandbox_config\.annotations\["[a-zA-Z.-]+"\] is ".*": crio\.conf's allowed_devices/,
    });
    assert.throws(() => granted({ [name]: `${node}:x` }, [name]), /not of the form/);
  }
  const file = join(folder, "file");
  const wrong = () => granted({ "devices.crio.io": `${file}:/dev/file` }, ["devices.crio.io"], [file]);
  assert.throws(wrong, { code: status.INVALID_ARGUMENT, message: /not a device/ });
});

test("a device of crio.conf that is none is told at start, or when it is gone later", () => {
  checkAdditionalDevices(additional);
  const absent = { hostPath: join(folder, "absent"), containerPath: "/dev/x", permissions: "r" };
  assert.throws(
    () => checkAdditionalDevices([absent]),
    (error) =>
      error instanceof ConfigError && /additional_devices has ".*absent", it must/.test(error.message),
  );
  const later = () => grantedDevices({ additionalDevices: [absent], allowedDevices: [] }, {}, []);
  assert.throws(later, { code: status.FAILED_PRECONDITION, message: /additional_devices has ".*absent"/ });
});
