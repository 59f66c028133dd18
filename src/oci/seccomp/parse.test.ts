import assert from "node:assert/strict";
import { test } from "node:test";
import { parseProfile } from "./parse.ts";

const parse = (profile: unknown) => parseProfile("/p.json", JSON.stringify(profile));
const withRule = (rule: object) => parse({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [rule] });
const chmod = { names: ["chmod"], action: "SCMP_ACT_ERRNO" };

test("everything that a profile may say is kept", () => {
  const profile = parse({
    comment: "a test",
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: 38,
    archMap: [{ architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86"] }],
    flags: ["SECCOMP_FILTER_FLAG_LOG"],
    listenerPath: "/run/agent.sock",
    listenerMetadata: "m",
    syscalls: [
      {
        names: ["socket"],
        action: "SCMP_ACT_NOTIFY",
        errnoRet: 1,
        args: [{ index: 2, value: 5, valueTwo: 6, op: "SCMP_CMP_MASKED_EQ" }],
        includes: { caps: ["CAP_SYS_ADMIN"], arches: ["amd64"], minKernel: "4.8" },
        excludes: { caps: ["net_raw"] },
      },
    ],
  });
  assert.deepEqual(profile.archMap, [
    { architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86"] },
  ]);
  assert.partialDeepStrictEqual(profile, {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: 38,
    flags: ["SECCOMP_FILTER_FLAG_LOG"],
    listenerPath: "/run/agent.sock",
    listenerMetadata: "m",
  });
  assert.partialDeepStrictEqual(profile.syscalls[0], {
    names: ["socket"],
    action: "SCMP_ACT_NOTIFY",
    errnoRet: 1,
    args: [{ index: 2, value: 5, valueTwo: 6, op: "SCMP_CMP_MASKED_EQ" }],
    includes: { caps: ["CAP_SYS_ADMIN"], arches: ["amd64"], minKernel: "4.8" },
    excludes: { caps: ["CAP_NET_RAW"] },
  });
});

test("Go's nulls and empty objects, the older `name`, and errnos by name", () => {
  const rule = { name: "chmod", action: "SCMP_ACT_ERRNO", errno: "ENOSYS", args: null, includes: {} };
  const profile = parse({
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrno: "EPERM",
    archMap: null,
    syscalls: [rule],
  });
  assert.equal(profile.defaultErrnoRet, 1);
  assert.partialDeepStrictEqual(profile.syscalls[0], { names: ["chmod"], errnoRet: 38, args: [] });
});

test("a number of 64 bits keeps all its digits", () => {
  const text = `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["ioctl"], "action": "SCMP_ACT_LOG",
    "args": [{"index": 1, "value": 18446744073709551615, "op": "SCMP_CMP_EQ"}]}]}`;
  assert.match(JSON.stringify(parseProfile("/p.json", text)), /"value":18446744073709551615,/);
});

test("what it does not understand is refused, with file, field and value", () => {
  const wrong: [() => unknown, RegExp][] = [
    [() => parseProfile("/p.json", "{"), /^Error: \/p\.json is not JSON: /],
    [() => parse([]), /\/p\.json: the document is \[\]/],
    [() => parse({}), /\/p\.json: defaultAction is absent: one of SCMP_ACT_ALLOW, /],
    [() => parse({ defaultAction: "ALLOW" }), /defaultAction is "ALLOW"/],
    [() => parse({ defaultAction: "SCMP_ACT_ALLOW", syscals: [] }), /syscals is \[\]: the fields here are/],
    [() => withRule({ ...chmod, action: "SCMP_ACT_DENY" }), /syscalls\[0\]\.action is "SCMP_ACT_DENY"/],
    [() => withRule({ ...chmod, action: "SCMP_ACT_NOTIFY" }), /syscalls\[0\]\.action .* no listenerPath/],
    [() => withRule({ ...chmod, exclude: {} }), /syscalls\[0\]\.exclude is \{\}/],
    [() => withRule({ ...chmod, name: "chmod" }), /syscalls\[0\]\.name is "chmod": there is names too/],
    [() => withRule({ action: "SCMP_ACT_LOG" }), /syscalls\[0\]\.names is absent/],
    [() => withRule({ ...chmod, errnoRet: 5000 }), /syscalls\[0\]\.errnoRet is 5000/],
    [() => withRule({ ...chmod, errno: "EWHAT" }), /syscalls\[0\]\.errno is "EWHAT"/],
    [
      () => withRule({ ...chmod, args: [{ index: 6, op: "SCMP_CMP_EQ" }] }),
      /syscalls\[0\]\.args\[0\]\.index is 6/,
    ],
    [
      () => withRule({ ...chmod, args: [{ value: -1, op: "SCMP_CMP_EQ" }] }),
      /syscalls\[0\]\.args\[0\]\.value is -1/,
    ],
    [
      () => withRule({ ...chmod, args: [{ value: 1, op: "SCMP_CMP_IS" }] }),
      /syscalls\[0\]\.args\[0\]\.op is "SCMP_CMP_IS"/,
    ],
    [
      () => withRule({ ...chmod, includes: { caps: ["CAP_FLY"] } }),
      /syscalls\[0\]\.includes\.caps .*"CAP_FLY" is not known/,
    ],
    [() => withRule({ ...chmod, excludes: { minKernel: "4" } }), /syscalls\[0\]\.excludes\.minKernel is "4"/],
    [
      () => parse({ defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_VAX"] }),
      /architectures .*"SCMP_ARCH_VAX" is not known/,
    ],
    [
      () => parse({ defaultAction: "SCMP_ACT_ALLOW", listenerPath: "agent.sock" }),
      /listenerPath is "agent\.sock": it must be an absolute path/,
    ],
  ];
  for (const [make, message] of wrong) assert.throws(make, message);
});
