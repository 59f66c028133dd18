import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { mappedUser, ociIdMappings } from "./id-mappings.ts";

const uids = { containerId: 0, hostId: 65_536, length: 65_536 };
const mappings = { uids, gids: { ...uids, hostId: 1000, length: 100 } };

test("mappings are the OCI's, and none where there are none", () => {
  assert.deepEqual(ociIdMappings(mappings), {
    uidMappings: [{ containerID: 0, hostID: 65_536, size: 65_536 }],
    gidMappings: [{ containerID: 0, hostID: 1000, size: 100 }],
  });
  assert.deepEqual(ociIdMappings(undefined), {});
});

test("a container's user is mapped with all its groups, or refused", () => {
  const user = { uid: 33, gid: 44, additionalGids: [99] };
  assert.deepEqual(mappedUser(mappings, user), { uid: 65_569, gid: 1044 });
  assert.equal(mappedUser(undefined, user), user);
  for (const wrong of [{ uid: 65_536 }, { gid: 100 }, { additionalGids: [99, 100] }]) {
    const message = /^the container's user is .*: the pod's user namespace has 65536 users and 100 groups$/;
    assert.throws(() => mappedUser(mappings, { ...user, ...wrong }), {
      code: status.INVALID_ARGUMENT,
      message,
    });
  }
});
