/** Seccomp, by system calls that are tried from inside: the host's perl can make any. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { LinuxContainerSecurityContext, SecurityProfile } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { refusal } from "../support/cri.ts";
import { eventually } from "../support/eventually.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

const { EPERM, ENOSYS } = constants.errno;
/** x86_64's numbers. */
const calls = {
  bpf: 321,
  clone3: 435,
  io_uring_setup: 425,
  keyctl: 250,
  mount: 165,
  perf_event_open: 298,
  personality: 135,
  pivot_root: 155,
  ptrace: 101,
  socket: 41,
  syslog: 103,
  unshare: 272,
  userfaultfd: 323,
} as const;
type Call = [name: keyof typeof calls, ...args: number[]];

const CLONE_NEWUTS = 0x4000000;
const CLONE_NEWUSER = 0x10000000;
const ADDR_NO_RANDOMIZE = 0x40000;
const [AF_INET, AF_NETLINK, AF_ALG, AF_VSOCK] = [2, 16, 38, 40];

const runtimeDefault: Partial<SecurityProfile> = { profileType: "RuntimeDefault" };
const perl =
  "/host/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 --library-path /host/lib/x86_64-linux-gnu /host/bin/perl";

const parts = suite();

function run(pod: LivePod, securityContext: Init<LinuxContainerSecurityContext>): Promise<string> {
  const mounts = [{ hostPath: "/usr", containerPath: "/host", readonly: true }];
  return pod.run({ linux: { securityContext }, mounts });
}

/** The errno of each call in a process of the container, 0 where it succeeds. */
async function attempts(pod: LivePod, containerId: string, ...tried: Call[]): Promise<number[]> {
  const script = tried
    .map(([name, ...args]) => `$! = 0; syscall(${[calls[name], ...args].join()}); print $! + 0, " ";`)
    .join("");
  return (await pod.sh(containerId, `${perl} -e '${script}'`)).trim().split(" ").map(Number);
}

const dangerous: Call[] = [
  ["bpf", 0, 0, 0],
  ["io_uring_setup", 1, 0],
  ["keyctl", 0, 0],
  ["mount", 0, 0, 0, 0, 0],
  ["perf_event_open", 0, 0, 0, 0, 0],
  ["personality", ADDR_NO_RANDOMIZE],
  ["pivot_root", 0, 0],
  ["socket", AF_ALG, 5, 0],
  ["socket", AF_VSOCK, 1, 0],
  ["syslog", 3, 0, 0],
  ["unshare", CLONE_NEWUSER],
  ["userfaultfd", 0],
];
const ordinary: Call[] = [
  ["socket", AF_INET, 1, 0],
  ["socket", AF_NETLINK, 3, 0],
  ["personality", 0xffffffff],
  ["personality", 0],
];
const none = (count: number) => Array(count).fill(0);

describe("seccomp", { concurrency: 3, skip: process.arch !== "x64" && "the numbers are x86_64's" }, () => {
  it("RuntimeDefault denies what ordinary programs do not need, in execs too, and nothing else", async () => {
    await using pod = await livePod(parts.daemon);
    const id = await run(pod, { seccomp: runtimeDefault });
    assert.deepEqual(await attempts(pod, id, ...dangerous), Array(dangerous.length).fill(EPERM));
    assert.deepEqual(await attempts(pod, id, ...ordinary), none(ordinary.length));
    assert.deepEqual(await attempts(pod, id, ["clone3", 0, 0]), [ENOSYS]);
    assert.equal(
      await pod.sh(id, "grep -h Seccomp: /proc/self/status; unshare -U true 2>&1 || true"),
      "Seccomp:\t2\nunshare: unshare(0x10000000): Operation not permitted",
    );
  });

  it("a capability opens the calls it is for", async () => {
    await using pod = await livePod(parts.daemon);
    const capabilities = { addCapabilities: ["SYS_ADMIN"] };
    const id = await run(pod, { seccomp: runtimeDefault, capabilities });
    assert.deepEqual(await attempts(pod, id, ["unshare", CLONE_NEWUTS]), [0]);
    assert.notDeepEqual(await attempts(pod, id, ["clone3", 0, 0]), [ENOSYS]);
    assert.deepEqual(await attempts(pod, id, ["keyctl", 0, 0], ["socket", AF_VSOCK, 1, 0]), [EPERM, EPERM]);
  });

  it("an unconfined container makes them all", async () => {
    await using pod = await livePod(parts.daemon);
    const id = await run(pod, { seccomp: { profileType: "Unconfined" } });
    const harmless: Call[] = [
      ["personality", ADDR_NO_RANDOMIZE],
      ["unshare", CLONE_NEWUSER],
    ];
    assert.deepEqual(await attempts(pod, id, ...harmless), none(harmless.length));
  });

  it("a local profile: by field or deprecated path, read anew when it changes, with its arguments and errno", async () => {
    const localhostRef = join(parts.daemon.folder, "profile.json");
    const deny = (names: string[], rule: object = {}) =>
      writeFileSync(
        localhostRef,
        JSON.stringify({
          defaultAction: "SCMP_ACT_ALLOW",
          syscalls: [{ names, action: "SCMP_ACT_ERRNO", ...rule }],
        }),
      );
    await using pod = await livePod(parts.daemon);
    deny(["chmod", "fchmodat"]);
    const first = await run(pod, { seccomp: { profileType: "Localhost", localhostRef } });
    assert.match(await pod.sh(first, "chmod 400 / 2>&1 || true"), /Operation not permitted/);
    deny(["socket"], { errnoRet: 99, args: [{ index: 0, value: AF_INET, op: "SCMP_CMP_EQ" }] });
    const second = await run(pod, { seccompProfilePath: `localhost/${localhostRef}` });
    assert.deepEqual(
      await attempts(pod, second, ["socket", AF_INET, 1, 0], ["socket", AF_NETLINK, 3, 0]),
      [99, 0],
    );
    await pod.sh(second, "chmod 755 /tmp");

    writeFileSync(
      localhostRef,
      '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action": "DENY"}]}',
    );
    const message =
      /^config\.linux\.security_context\.seccomp\.localhost_ref is ".*profile\.json": .*profile\.json: syscalls\[0\]\.action is "DENY"/;
    const bad = run(pod, { seccomp: { profileType: "Localhost", localhostRef } });
    await assert.rejects(bad, refusal("INVALID_ARGUMENT", message));
  });
});

describe("crio.conf's seccomp profiles", {
  skip: process.arch !== "x64" && "the numbers are x86_64's",
}, () => {
  it("take the place of the default, and of none for privileged containers; a bad one is not taken at SIGHUP", async () => {
    const { daemon } = parts;
    const profile = join(daemon.folder, "default.json");
    const bad = join(daemon.folder, "bad.json");
    writeFileSync(bad, "{}");
    const syscalls = [{ names: ["chmod", "fchmodat"], action: "SCMP_ACT_ERRNO" }];
    writeFileSync(profile, JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", syscalls }));
    const log = join(daemon.folder, "critter.log");
    const reload = async (path: string, said: RegExp) => {
      const before = readFileSync(log, "utf8").length;
      const config = readFileSync(daemon.configFile, "utf8").replace(
        /^(privileged_)?seccomp_profile = .*\n/gm,
        "",
      );
      const keys = `seccomp_profile = "${path}"\nprivileged_seccomp_profile = "${path}"\n`;
      writeFileSync(daemon.configFile, config.replace("[crio.runtime]\n", `[crio.runtime]\n${keys}`));
      process.kill(daemon.pid, "SIGHUP");
      await eventually(() => assert.match(readFileSync(log, "utf8").slice(before), said));
    };
    await reload(profile, /configuration reloaded/);
    await reload(bad, /not reloaded.*seccomp_profile.*bad\.json: defaultAction is absent/);

    const { cgroupParent } = daemon;
    await using pod = await livePod(daemon, {
      linux: { cgroupParent, securityContext: { privileged: true } },
    });
    for (const context of [{ seccomp: runtimeDefault }, { privileged: true }]) {
      const id = await run(pod, context);
      assert.match(await pod.sh(id, "chmod 700 / 2>&1 || true"), /Operation not permitted/);
    }
    await pod.sh(await run(pod, {}), "chmod 755 /");
  });
});
