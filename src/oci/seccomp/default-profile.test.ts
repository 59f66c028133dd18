import assert from "node:assert/strict";
import { test } from "node:test";
import type { SeccompArg } from "../spec/types.ts";
import { defaultProfile } from "./default-profile.ts";
import { ordinaryCalls } from "./ordinary-calls.ts";
import { type Conditions, resolveProfile } from "./resolve.ts";

function filter(changes: Partial<Conditions> = {}) {
  return resolveProfile(defaultProfile, {
    arch: "x64",
    kernel: "6.1.0-18-amd64",
    x32: true,
    capabilities: new Set(),
    ...changes,
  });
}

const rulesOf = (name: string, changes?: Partial<Conditions>) =>
  filter(changes).syscalls.filter(({ names }) => names.includes(name));
const withCapability = (name: string) => ({ capabilities: new Set([name]) });

test("what no ordinary program needs fails with EPERM", () => {
  const { defaultAction, defaultErrnoRet } = filter();
  assert.deepEqual([defaultAction, defaultErrnoRet], ["SCMP_ACT_ERRNO", 1]);
  const denied =
    "acct add_key bpf chroot delete_module finit_module fsopen init_module io_uring_setup iopl kcmp keyctl kexec_load " +
    "lookup_dcookie mbind mount move_mount nfsservctl open_by_handle_at open_tree perf_event_open pivot_root quotactl " +
    "reboot request_key setns settimeofday swapon syslog umount2 unshare userfaultfd vhangup";
  for (const name of denied.split(" ")) assert.deepEqual(rulesOf(name), [], name);
});

test("no call is listed twice", () => {
  assert.equal(new Set(ordinaryCalls).size, ordinaryCalls.length);
});

test("a capability opens the calls it is for, and no others", () => {
  const opened: Record<string, string> = {
    CAP_SYS_ADMIN: "unshare",
    CAP_SYS_CHROOT: "chroot",
    CAP_SYS_BOOT: "reboot",
    CAP_SYS_MODULE: "init_module",
    CAP_SYS_TIME: "clock_settime",
    CAP_SYS_NICE: "mbind",
    CAP_SYSLOG: "syslog",
    CAP_BPF: "bpf",
    CAP_PERFMON: "perf_event_open",
    CAP_DAC_READ_SEARCH: "open_by_handle_at",
  };
  for (const [capability, call] of Object.entries(opened)) {
    assert.equal(rulesOf(call, withCapability(capability))[0]?.action, "SCMP_ACT_ALLOW", call);
    assert.deepEqual(rulesOf(call, withCapability("CAP_CHOWN")), [], call);
  }
  assert.deepEqual(rulesOf("keyctl", { capabilities: new Set(Object.keys(opened)) }), []);
});

test("without CAP_SYS_ADMIN clone makes no namespaces, and clone3 seems not to exist", () => {
  const mask = { value: 0x7e020000, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" };
  assert.deepEqual(
    rulesOf("clone").map(({ args }) => args),
    [[{ index: 0, ...mask }]],
  );
  assert.deepEqual(
    rulesOf("clone", { arch: "s390x" }).map(({ args }) => args),
    [[{ index: 1, ...mask }]],
  );
  assert.partialDeepStrictEqual(rulesOf("clone3"), [{ action: "SCMP_ACT_ERRNO", errnoRet: 38 }]);
  for (const call of ["clone", "clone3"]) {
    const rules = rulesOf(call, withCapability("CAP_SYS_ADMIN"));
    assert.deepEqual(
      rules.map(({ action, args }) => [action, args]),
      [["SCMP_ACT_ALLOW", undefined]],
    );
  }
});

test("sockets of the hypervisor, the kernel's ciphers and obsolete families are denied", () => {
  const allows = (family: number) => rulesOf("socket").some(({ args }) => matches(args?.[0], family));
  for (const family of [1, 2, 10, 11, 15, 16, 17, 29, 31, 43, 44]) assert.ok(allows(family), String(family));
  for (const family of [12, 13, 19, 23, 25, 34, 37, 38, 40, 41, 46])
    assert.ok(!allows(family), String(family));
});

test("personality is Linux, or asked for", () => {
  const allows = (value: number) => rulesOf("personality").some(({ args }) => matches(args?.[0], value));
  for (const value of [0, 0x8, 0x20000, 0x20008, 0xffffffff]) assert.ok(allows(value), String(value));
  // ADDR_NO_RANDOMIZE and READ_IMPLIES_EXEC.
  for (const value of [0x40000, 0x400000, 0x8 + 0x40000, 0xfffffff7])
    assert.ok(!allows(value), String(value));
});

function matches(argument: SeccompArg | undefined, value: number): boolean {
  const { value: mask, valueTwo } = argument as { value: number; valueTwo: number };
  return (BigInt(value) & BigInt(mask)) === BigInt(valueTwo);
}

test("each machine has its own architectures and calls", () => {
  assert.deepEqual(filter().architectures, ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]);
  assert.deepEqual(filter({ x32: false }).architectures, ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]);
  assert.deepEqual(filter({ arch: "arm64" }).architectures, ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]);
  assert.equal(filter({ arch: "riscv64" }).architectures, undefined);
  assert.equal(rulesOf("arch_prctl").length, 1);
  assert.equal(rulesOf("arch_prctl", { arch: "arm64" }).length, 0);
  assert.equal(rulesOf("set_tls", { arch: "arm64" }).length, 1);
});

test("tracing needs CAP_SYS_PTRACE before Linux 4.8", () => {
  assert.equal(rulesOf("ptrace", { kernel: "4.8.0" }).length, 1);
  assert.equal(rulesOf("ptrace", { kernel: "4.7.10" }).length, 0);
  assert.equal(rulesOf("ptrace", { kernel: "4.7.10", ...withCapability("CAP_SYS_PTRACE") }).length, 1);
});
