import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { containerUser, type RequestedUser, resolveUser } from "./user.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-user-"));
after(() => rmSync(folder, { recursive: true }));

const rootfs = join(folder, "rootfs");
mkdirSync(join(rootfs, "etc"), { recursive: true });
writeFileSync(
  join(rootfs, "etc/passwd"),
  "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/false\nbroken\nme:x:1000:1001::/:\n",
);
writeFileSync(
  join(rootfs, "etc/group"),
  "root:x:0:\nusers:x:100:\nwww-data:x:33:\nme:x:1001:\nextra:x:50000:other,me\nwheel:x:10:root\n",
);

function requested(fields: Partial<RequestedUser>): RequestedUser {
  return {
    runAsUser: null,
    runAsGroup: null,
    runAsUsername: "",
    supplementalGroups: [],
    supplementalGroupsPolicy: "Merge",
    ...fields,
  };
}

test("the image's user, in all its forms", () => {
  const cases: [string, number, number, number[]][] = [
    ["", 0, 0, [0, 10]],
    ["1002", 1002, 0, [0]],
    ["1000", 1000, 1001, [1001, 50000]],
    ["www-data", 33, 33, [33]],
    ["1003:users", 1003, 100, [100]],
    ["www-data:100", 33, 100, [100]],
    ["me:50", 1000, 50, [50, 50000]],
  ];
  for (const [user, uid, gid, additionalGids] of cases) {
    assert.deepEqual(resolveUser(rootfs, null, user), { uid, gid, additionalGids }, user);
  }
});

test("the request goes before the image, whose group then counts for nothing", () => {
  const user = resolveUser(rootfs, requested({ runAsUser: { value: 1000 } }), "www-data:users");
  assert.deepEqual(user, { uid: 1000, gid: 1001, additionalGids: [1001, 50000] });
  assert.deepEqual(resolveUser(rootfs, requested({ runAsUsername: "www-data" }), "me").uid, 33);
  const grouped = requested({ runAsUsername: "me", runAsGroup: { value: 7 } });
  assert.equal(resolveUser(rootfs, grouped, "").gid, 7);
  assert.equal(resolveUser(rootfs, requested({ runAsUser: { value: 0 } }), "me").uid, 0);
});

test("supplemental groups are added to the image's, or replace them under Strict", () => {
  const merge = requested({ runAsUser: { value: 1000 }, supplementalGroups: [1234, 50000] });
  assert.deepEqual(resolveUser(rootfs, merge, "").additionalGids, [1001, 50000, 1234]);
  const strict = resolveUser(
    rootfs,
    { ...merge, supplementalGroupsPolicy: "Strict", supplementalGroups: [1234] },
    "",
  );
  assert.deepEqual(strict.additionalGids, [1001, 1234]);
  assert.deepEqual(containerUser(strict), { uid: 1000, gid: 1001, supplementalGroups: [1001, 1234] });
});

test("an image without /etc/passwd needs none for numbers", () => {
  const empty = mkdtempSync(join(folder, "empty-"));
  assert.deepEqual(resolveUser(empty, null, "65535"), { uid: 65535, gid: 0, additionalGids: [0] });
  assert.throws(() => resolveUser(empty, null, "nobody"), {
    code: status.FAILED_PRECONDITION,
    message: /nobody/,
  });
});

test("the files are those of the image, whatever its links say", () => {
  const image = mkdtempSync(join(folder, "links-"));
  const outside = join(folder, "outside");
  writeFileSync(outside, "intruder:x:1:1::/:\n");
  mkdirSync(join(image, "etc"));
  symlinkSync(outside, join(image, "etc/passwd"));
  assert.throws(() => resolveUser(image, null, "intruder"), { code: status.FAILED_PRECONDITION });
});

test("a wrong request is INVALID_ARGUMENT and names field and value", () => {
  const refuse = (fields: Partial<RequestedUser>, message: RegExp) =>
    assert.throws(() => resolveUser(rootfs, requested(fields), ""), {
      code: status.INVALID_ARGUMENT,
      message,
    });
  refuse(
    { runAsGroup: { value: 5 } },
    /^config\.linux\.security_context\.run_as_group is 5: it needs run_as_user/,
  );
  refuse({ runAsUser: { value: -1 } }, /run_as_user is -1: not an id/);
  refuse({ runAsUser: { value: 2 ** 31 } }, /run_as_user is 2147483648/);
  refuse({ runAsUser: { value: 1 }, runAsUsername: "me" }, /run_as_username is "me": run_as_user is set too/);
  refuse(
    { runAsUsername: "stranger" },
    /run_as_username is "stranger": the image's \/etc\/passwd has no such/,
  );
  refuse({ runAsUsername: "me:users" }, /run_as_username is "me:users"/);
  refuse({ supplementalGroups: [1, -2] }, /supplemental_groups\[1\] is -2/);
});

test("the image's unknown group is its own fault", () => {
  assert.throws(() => resolveUser(rootfs, null, "me:nogroup"), {
    code: status.FAILED_PRECONDITION,
    message: /nogroup/,
  });
});
