/** Every field of the two security contexts: it takes effect, as seen from inside, and a wrong value is refused. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type {
  LinuxContainerSecurityContext,
  LinuxSandboxSecurityContext,
  NamespaceMode,
  ProfileType,
  SupplementalGroupsPolicy,
} from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { capabilityNames } from "../../src/oci/spec/capability-names.ts";
import { refusal } from "../support/cri.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { containerStatus } from "../support/pods.ts";
import { suite } from "../support/suite.ts";

type ContainerContext = Init<LinuxContainerSecurityContext>;
type SandboxContext = Init<LinuxSandboxSecurityContext>;

const PREDEFINED = "gcr.io/k8s-staging-cri-tools/test-image-predefined-group:latest";
/** A number that the CRI has no name for. */
const unknown = 77 as never;
/** Its first process is number 1, so that it can be looked at. */
const ownPids = { namespaceOptions: { pid: "CONTAINER" as NamespaceMode } };

const parts = suite({ images: [PREDEFINED] });

function podWith(securityContext: SandboxContext): Promise<LivePod> {
  const { cgroupParent } = parts.daemon;
  return livePod(parts.daemon, { linux: { cgroupParent, securityContext } });
}

const withContext = (securityContext: ContainerContext) => ({
  linux: { securityContext: { ...ownPids, ...securityContext } },
});

type Field = (name: string) => string | undefined;

/** Reads a /proc/PID/status. */
const fieldsOf =
  (status: string): Field =>
  (name) =>
    new RegExp(`^${name}:\\s*(.*?)\\s*$`, "m").exec(status)?.[1];

/** What the kernel says of a container's first process, and of one that was brought in by exec: the same. */
async function processStatus(pod: LivePod, securityContext: ContainerContext): Promise<Field> {
  const id = await pod.run(withContext(securityContext));
  const [first, second] = (await pod.sh(id, "cat /proc/1/status; echo ===; cat /proc/self/status"))
    .split("===")
    .map(fieldsOf) as [Field, Field];
  for (const name of ["Uid", "Gid", "Groups", "CapBnd", "CapEff", "CapAmb", "NoNewPrivs", "Seccomp"]) {
    assert.equal(second(name), first(name), `${name} of an exec`);
  }
  return first;
}

const capabilities = (mask: string | undefined) => capabilityNames(BigInt(`0x${mask}`));
const ownCapabilities = () => capabilities(fieldsOf(readFileSync("/proc/self/status", "utf8"))("CapBnd"));

describe("a container's security context", { concurrency: 3 }, () => {
  it("capabilities: added, dropped, all, and ambient ones for a user that is not root", async () => {
    await using pod = await podWith({});
    const bounding = async (change: ContainerContext["capabilities"]) =>
      capabilities((await processStatus(pod, { capabilities: change }))("CapBnd"));
    const usual = await bounding({});
    assert.ok(usual.includes("CAP_CHOWN") && !usual.includes("CAP_NET_ADMIN"));
    assert.deepEqual(
      new Set(await bounding({ addCapabilities: ["NET_ADMIN"], dropCapabilities: ["CAP_CHOWN"] })),
      new Set([...usual.filter((name) => name !== "CAP_CHOWN"), "CAP_NET_ADMIN"]),
    );
    assert.deepEqual(await bounding({ addCapabilities: ["ALL"] }), ownCapabilities());
    assert.deepEqual(await bounding({ dropCapabilities: ["ALL"], addCapabilities: ["KILL"] }), ["CAP_KILL"]);
    const ambient = await processStatus(pod, {
      runAsUser: { value: 1000 },
      capabilities: { addAmbientCapabilities: ["NET_BIND_SERVICE"] },
    });
    assert.deepEqual(capabilities(ambient("CapAmb")), ["CAP_NET_BIND_SERVICE"]);
    assert.deepEqual(capabilities(ambient("CapEff")), ["CAP_NET_BIND_SERVICE"]);
    assert.deepEqual(capabilities((await processStatus(pod, {}))("CapInh")), []);
  });

  it("privileged: all that the daemon has, no protected paths, no seccomp; mounts can be made", async () => {
    await using pod = await podWith({ privileged: true });
    const status = await processStatus(pod, { privileged: true, seccomp: { profileType: "RuntimeDefault" } });
    assert.deepEqual(capabilities(status("CapEff")), ownCapabilities());
    assert.equal(status("Seccomp"), "0");
    const mount = "mount -t tmpfs none /tmp";
    const id = await pod.run(withContext({ privileged: true, maskedPaths: ["/proc/uptime"] }));
    await pod.sh(id, `${mount} && [ -n "$(cat /proc/uptime)" ] && [ -w /proc/sys/kernel/hostname ]`);
    const plain = await pod.run(withContext({}));
    await assert.rejects(pod.sh(plain, mount), /mount: .*permission denied/i);
  });

  it("run_as_user, run_as_group, run_as_username, and groups by both policies, as ContainerStatus says", async () => {
    await using pod = await podWith({});
    const ids = async (securityContext: ContainerContext) => {
      const id = await pod.run({ ...withContext(securityContext), image: { image: PREDEFINED } });
      const { uid, gid, supplementalGroups } = (await containerStatus(parts.daemon, id)).user?.linux ?? {};
      const status = fieldsOf(await pod.sh(id, "cat /proc/1/status"));
      const groups = status("Groups")?.split(" ").map(Number);
      assert.deepEqual(
        groups,
        supplementalGroups?.map(Number).sort((a, b) => a - b),
      );
      assert.match(status("Uid") ?? "", new RegExp(`^${uid}\\s+${uid}\\s+${uid}\\s`));
      return [Number(uid), Number(gid), groups];
    };
    assert.deepEqual(await ids({ runAsUser: { value: 4000 } }), [4000, 0, [0]]);
    assert.deepEqual(await ids({ runAsUser: { value: 4000 }, runAsGroup: { value: 5000 } }), [
      4000,
      5000,
      [5000],
    ]);
    assert.deepEqual(await ids({ runAsUsername: "default-user" }), [1000, 1000, [1000, 50000]]);
    const groups = { runAsUser: { value: 1000 }, supplementalGroups: [7, 8] };
    assert.deepEqual(await ids(groups), [1000, 1000, [7, 8, 1000, 50000]]);
    const strict = { ...groups, supplementalGroupsPolicy: "Strict" as SupplementalGroupsPolicy };
    assert.deepEqual(await ids(strict), [1000, 1000, [7, 8, 1000]]);
  });

  it("readonly_rootfs and no_new_privs", async () => {
    await using pod = await podWith({});
    const id = await pod.run(withContext({ readonlyRootfs: true, noNewPrivs: true }));
    assert.equal(await pod.sh(id, "touch /file 2>&1 || true"), "touch: /file: Read-only file system");
    assert.equal(fieldsOf(await pod.sh(id, "cat /proc/1/status"))("NoNewPrivs"), "1");
    assert.equal((await processStatus(pod, {}))("NoNewPrivs"), "0");
  });

  it("masked_paths and readonly_paths: as given, even if empty; the usual ones without a security context", async () => {
    await using pod = await podWith({});
    const given = await pod.run(
      withContext({ maskedPaths: ["/proc/uptime", "/sys/kernel"], readonlyPaths: ["/tmp"] }),
    );
    assert.equal(
      await pod.sh(given, "cat /proc/uptime; ls /sys/kernel; touch /tmp/x 2>&1 || true"),
      "touch: /tmp/x: Read-only file system",
    );
    const protectedPlaces = "grep -cE ' /proc/(sys|irq) ' /proc/self/mountinfo || true";
    // What procMount: Unmasked asks for.
    const unmasked = await pod.run(withContext({ maskedPaths: [], readonlyPaths: [] }));
    assert.equal(await pod.sh(unmasked, protectedPlaces), "0");
    const plain = await pod.run({ linux: { securityContext: null } });
    assert.equal(await pod.sh(plain, protectedPlaces), "2");
  });

  it("selinux_options are left aside where crio.conf does not turn SELinux on", async () => {
    await using pod = await podWith({ selinuxOptions: { type: "spc_t", level: "s0:c1,c2" } });
    const id = await pod.run(withContext({ selinuxOptions: { type: "container_t" } }));
    assert.doesNotMatch(
      await pod.sh(id, "cat /proc/1/attr/current 2>/dev/null || true"),
      /container_t|spc_t/,
    );
  });

  it("namespace_options: the container's own PID namespace, the pod's, the host's", async () => {
    await using pod = await podWith({});
    const namespaceOf = async (pid: NamespaceMode) => {
      const id = await pod.run(withContext({ namespaceOptions: { pid } }));
      return await pod.sh(id, "readlink /proc/self/ns/pid");
    };
    const [own, other, shared] = [
      await namespaceOf("CONTAINER"),
      await namespaceOf("CONTAINER"),
      await namespaceOf("POD"),
    ];
    assert.equal(new Set([own, other, shared]).size, 3);
    assert.equal(await namespaceOf("POD"), shared);
  });

  const local = { profileType: "Localhost" as ProfileType };
  const wrong: [ContainerContext, string][] = [
    [{ capabilities: { addCapabilities: ["FLY"] } }, 'capabilities.add_capabilities is "FLY"'],
    [{ capabilities: { dropCapabilities: ["FLY"] } }, 'capabilities.drop_capabilities is "FLY"'],
    [{ capabilities: { addAmbientCapabilities: ["FLY"] } }, 'capabilities.add_ambient_capabilities is "FLY"'],
    [{ privileged: true }, "privileged is true: the pod sandbox is not privileged"],
    [{ namespaceOptions: { pid: unknown } }, "namespace_options.pid is 77"],
    [{ namespaceOptions: { pid: "TARGET", targetId: "x" } }, 'namespace_options.target_id is "x"'],
    [{ runAsUser: { value: -1 } }, "run_as_user is -1"],
    [{ runAsUser: { value: 2 ** 32 - 1 } }, "run_as_user is 4294967295"],
    [{ runAsGroup: { value: 5 } }, "run_as_group is 5: it needs run_as_user"],
    [{ runAsUser: { value: 5 }, runAsGroup: { value: -5 } }, "run_as_group is -5"],
    [{ runAsUsername: "nobody-here" }, 'run_as_username is "nobody-here"'],
    [{ runAsUsername: "a:b" }, 'run_as_username is "a:b"'],
    [{ supplementalGroups: [7, -7] }, "supplemental_groups[1] is -7"],
    [{ supplementalGroupsPolicy: unknown }, "supplemental_groups_policy is 77"],
    [{ maskedPaths: ["/proc/keys", "proc"] }, 'masked_paths[1] is "proc"'],
    [{ readonlyPaths: [""] }, 'readonly_paths[0] is ""'],
    [{ seccomp: { profileType: unknown } }, "seccomp.profile_type is 77"],
    [
      { seccomp: { ...local, localhostRef: "x.json" } },
      'seccomp.localhost_ref is "x.json": it must be an absolute path',
    ],
    [
      { seccomp: { localhostRef: "/x.json" } },
      'seccomp.localhost_ref is "/x.json": profile_type is not Localhost',
    ],
    [{ seccompProfilePath: "x" }, 'seccomp_profile_path is "x"'],
    [{ apparmor: { profileType: unknown } }, "apparmor.profile_type is 77"],
    [{ apparmor: { ...local } }, 'apparmor.localhost_ref is ""'],
    [{ apparmorProfile: "x" }, 'apparmor_profile is "x"'],
  ];

  it("a wrong value is refused by field and value, and leaves no container", async () => {
    await using pod = await podWith({});
    for (const [context, message] of wrong) {
      const creating = pod.create({ linux: { securityContext: context } });
      await assert.rejects(creating, refusal("INVALID_ARGUMENT", startOf(message)), message);
    }
    const filter = { podSandboxId: pod.id };
    assert.deepEqual((await parts.daemon.client.runtime.ListContainers({ filter })).containers, []);
  });
});

describe("a pod's security context", { concurrency: 3 }, () => {
  async function pauseStatus(context: SandboxContext): Promise<Field> {
    await using pod = await podWith(context);
    return fieldsOf(readFileSync(`/proc/${(await pod.verbose()).pid}/status`, "utf8"));
  }

  it("user, groups and seccomp are the pause process's, which has no privilege at all", async () => {
    const status = await pauseStatus({
      runAsUser: { value: 4000 },
      runAsGroup: { value: 5000 },
      supplementalGroups: [7],
      supplementalGroupsPolicy: "Strict",
      readonlyRootfs: false,
      privileged: false,
      seccomp: { profileType: "RuntimeDefault" },
      apparmor: { profileType: "Unconfined" },
    });
    const ids = ["Uid", "Gid"].map((name) => status(name)?.split(/\s+/)[0]);
    assert.deepEqual([...ids, status("Groups"), status("Seccomp")], ["4000", "5000", "7 5000", "2"]);
    assert.deepEqual(capabilities(status("CapBnd")), []);
    assert.equal(status("NoNewPrivs"), "1");
    assert.equal((await pauseStatus({ seccompProfilePath: "unconfined" }))("Seccomp"), "0");
    assert.equal((await pauseStatus({ seccompProfilePath: "runtime/default" }))("Seccomp"), "2");
  });

  it("its root is read-only, whatever is asked for", async () => {
    await using pod = await podWith({ readonlyRootfs: false });
    const mountinfo = readFileSync(`/proc/${(await pod.verbose()).pid}/mountinfo`, "utf8");
    assert.match(mountinfo, /^\S+ \S+ \S+ \S+ \/ ro,/m);
  });

  const local = { profileType: "Localhost" as ProfileType };
  const wrong: [SandboxContext, string][] = [
    [{ namespaceOptions: { network: "CONTAINER" } }, 'namespace_options.network is "CONTAINER"'],
    [{ namespaceOptions: { pid: unknown } }, "namespace_options.pid is 77"],
    [{ runAsUser: { value: -1 } }, "run_as_user is -1"],
    [{ runAsGroup: { value: 5 } }, "run_as_group is 5: it needs run_as_user"],
    [{ supplementalGroups: [-7] }, "supplemental_groups[0] is -7"],
    [{ supplementalGroupsPolicy: unknown }, "supplemental_groups_policy is 77"],
    [
      { seccomp: { ...local, localhostRef: "/absent.json" } },
      'seccomp.localhost_ref is "/absent.json": there is no file',
    ],
    [{ seccompProfilePath: "x" }, 'seccomp_profile_path is "x"'],
    [{ apparmor: { ...local } }, 'apparmor.localhost_ref is ""'],
  ];

  it("a wrong value is refused by field and value, and leaves no pod", async () => {
    for (const [context, message] of wrong) {
      await assert.rejects(podWith(context), refusal("INVALID_ARGUMENT", startOf(message)), message);
    }
  });
});

/** Matches a message that begins with what is said of a field of the security context. */
function startOf(message: string): RegExp {
  const text = `config.linux.security_context.${message}`;
  return new RegExp(`^${text.replace(/[[\]().*+?^$|\\]/g, "\\$&")}`);
}
