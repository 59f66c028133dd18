import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { Mount } from "../../cri/messages.ts";
import type { Init } from "../../cri/proto.ts";
import { decoded } from "./fixtures.test.ts";
import { mountMappings } from "./mount-mappings.ts";

const mapping = { containerId: 0, hostId: 65_536, length: 65_536 };
const oci = { containerID: 0, hostID: 65_536, size: 65_536 };
const mapped = { uidMappings: [mapping], gidMappings: [mapping] };
const pod = { uids: mapping, gids: mapping };

function mappings(
  request: Init<Mount>,
  { ofImage = false, idMappedMounts = true, podIdMappings = pod } = {},
) {
  const [mount] = decoded({ mounts: [request] }).config.mounts;
  return mountMappings(mount as Mount, "config.mounts[0]", { idMappedMounts, podIdMappings }, ofImage);
}

test("a volume's mappings are the runtime's to make, an image's are made already", () => {
  assert.deepEqual(mappings({}), {});
  assert.deepEqual(mappings(mapped), { uidMappings: [oci], gidMappings: [oci] });
  const second = { ...mapping, containerId: 65_536, hostId: 0, length: 1 };
  assert.equal(mappings({ ...mapped, uidMappings: [mapping, second] }).uidMappings?.length, 2);
  assert.deepEqual(mappings(mapped, { ofImage: true, idMappedMounts: false }), {});
});

test("mappings that cannot be are refused", () => {
  const refuse = (request: Init<Mount>, message: RegExp, options = {}, code = status.INVALID_ARGUMENT) =>
    assert.throws(() => mappings(request, options), { code, message });
  refuse({ uidMappings: [mapping] }, /^config\.mounts\[0\]\.gidMappings is \[\]/);
  refuse({ gidMappings: [mapping] }, /^config\.mounts\[0\]\.uidMappings is \[\]/);
  refuse({ ...mapped, gidMappings: [{ ...mapping, length: 0 }] }, /gidMappings\[0\]\.length is 0/);
  const other = { ...mapped, gidMappings: [{ ...mapping, hostId: 5 }] };
  refuse(other, /gidMappings is .*an image/, { ofImage: true });
  refuse(mapped, /no id-mapped mounts/, { idMappedMounts: false }, status.FAILED_PRECONDITION);
});
