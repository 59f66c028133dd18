import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type {
  ContainerConfig,
  LinuxContainerSecurityContext,
  Mount,
  PodSandboxConfig,
  UserNamespace,
} from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { PortForward, runClient, StreamClient } from "../stream-client/client.ts";
import { TerminalClient } from "../stream-client/terminal-client.ts";
import { BUSYBOX } from "../support/configs.ts";
import { outcome } from "../support/cri.ts";
import { parseLog } from "../support/cri-log.ts";
import { eventually } from "../support/eventually.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { withNewRunc } from "../support/new-runc.ts";
import { inParallel } from "../support/parallel.ts";
import { assertNothingLeft, podConfigFor, removePod } from "../support/pods.ts";
import { suite } from "../support/suite.ts";

const SET_USER_ID = "registry.k8s.io/e2e-test-images/nonewprivs:1.3";
/** How often the daemon is killed, and the longest time for RunPodSandbox and CreateContainer that a cut is tried within. */
const CUTS = 8;
const LONGEST = 400;

const uids = { containerId: 0, hostId: 262_144, length: 65_536 };
const gids = { containerId: 0, hostId: 393_216, length: 65_536 };
const usernsOptions: Init<UserNamespace> = { mode: "POD", uids: [uids], gids: [gids] };
const mapped = { uidMappings: [uids], gidMappings: [gids] };

describe("a pod in a user namespace", () => {
  const parts = suite({ ...withNewRunc, images: [SET_USER_ID] });

  type PodLinux = Init<NonNullable<PodSandboxConfig["linux"]>>;

  function podChanges({ securityContext, ...linux }: PodLinux = {}): Init<PodSandboxConfig> {
    const { cgroupParent } = parts.daemon;
    const namespaceOptions = { usernsOptions, ...securityContext?.namespaceOptions };
    return { linux: { cgroupParent, ...linux, securityContext: { ...securityContext, namespaceOptions } } };
  }

  const mappedPod = (linux: PodLinux = {}, changes: Init<PodSandboxConfig> = {}): Promise<LivePod> =>
    livePod(parts.daemon, { ...podChanges(linux), ...changes });

  const withContext = (securityContext: Init<LinuxContainerSecurityContext>): Init<ContainerConfig> => ({
    linux: { securityContext },
  });

  /** The host's number of a container's first process. */
  async function pidOf(containerId: string): Promise<number> {
    const { info } = await parts.daemon.client.runtime.ContainerStatus({ containerId, verbose: true });
    return JSON.parse(info.info!).pid;
  }

  function hostFolder(name: string): string {
    const folder = join(parts.daemon.folder, name);
    mkdirSync(folder);
    return folder;
  }

  const ownerOf = (path: string) => {
    const { uid, gid } = statSync(path);
    return [uid, gid];
  };

  it("has root that is nobody on the host, and files of its image that are its own", async () => {
    await using pod = await mappedPod();
    const id = await pod.run();
    assert.match(await pod.sh(id, "cat /proc/self/uid_map"), /^\s+0\s+262144\s+65536$/);
    assert.match(await pod.sh(id, "cat /proc/self/gid_map"), /^\s+0\s+393216\s+65536$/);
    assert.equal(await pod.sh(id, "id -u; id -g"), "0\n0");
    const status = readFileSync(`/proc/${await pidOf(id)}/status`, "utf8");
    assert.match(status, /^Uid:\s+262144\s+262144/m);
    assert.match(status, /^Gid:\s+393216\s+393216/m);
    const owners =
      "stat -c '%u:%g %n' / /bin/busybox /etc/passwd /etc/hosts /etc/hostname /etc/resolv.conf /dev/shm /dev";
    assert.deepEqual(
      new Set((await pod.sh(id, owners)).split("\n").map((line) => line.split(" ")[0])),
      new Set(["0:0"]),
    );
    const { linux } = await pod.status();
    assert.deepEqual(linux?.namespaces?.options?.usernsOptions, { mode: "POD", uids: [uids], gids: [gids] });
  });

  it("writes to its root filesystem, its files, /dev/shm; the image stays as it is for others", async () => {
    await using pod = await mappedPod();
    const id = await pod.run({ workingDir: "/made/for/it" });
    await pod.sh(
      id,
      "touch here && echo x >>/etc/passwd && chown 33:44 /bin/sh && echo '# mine' >>/etc/hosts",
    );
    assert.equal(await pod.sh(id, "stat -c %u:%g here /made; stat -c %u:%g /bin/sh"), "0:0\n0:0\n33:44");
    await pod.sh(id, "echo shared >/dev/shm/file");
    const second = await pod.run();
    assert.equal(await pod.sh(second, "cat /dev/shm/file; tail -n 1 /etc/hosts"), "shared\n# mine");
    assert.equal(
      await pod.sh(second, "stat -c %u:%g /bin/sh; tail -n 1 /etc/passwd | grep -c '^x$' || true"),
      "0:0\n0",
    );
    await using plain = await livePod(parts.daemon);
    const other = await plain.run();
    assert.equal(await plain.sh(other, "stat -c %u:%g /bin/sh"), "0:0");
  });

  it("owns its network, IPC and UTS namespaces: root may do there what is root's to do", async () => {
    const sysctls = { "net.ipv4.ip_unprivileged_port_start": "7", "kernel.shm_rmid_forced": "1" };
    const pings = { "net.ipv4.ping_group_range": "0 65535" };
    await using pod = await mappedPod({ sysctls: { ...sysctls, ...pings } });
    // AppArmor's default profile forbids what the namespaces allow.
    const apparmor = { profileType: "Unconfined" as const };
    const addCapabilities = ["NET_RAW", "NET_ADMIN", "SYS_ADMIN"];
    const id = await pod.run(withContext({ apparmor, capabilities: { addCapabilities } }));
    assert.match(await pod.sh(id, "ping -c 1 -W 5 127.0.0.1"), /1 packets received/);
    assert.equal(await pod.sh(id, "cat /proc/sys/net/ipv4/ip_unprivileged_port_start"), "7");
    assert.equal(await pod.sh(id, "cat /proc/sys/kernel/shm_rmid_forced"), "1");
    await pod.sh(
      id,
      "echo 1 >/proc/sys/net/ipv4/ip_forward && ip link add dummy1 type veth && hostname other",
    );
    await pod.sh(id, "mkdir /mine && mount -t tmpfs mine /mine && touch /mine/file");
    const own = (type: string, pid: number | "self") => readlinkSync(`/proc/${pid}/ns/${type}`);
    for (const type of ["user", "net", "ipc", "uts", "pid", "mnt"]) {
      assert.notEqual(own(type, await pidOf(id)), own(type, "self"), type);
    }
    // The host's are out of its reach.
    await pod.sh(id, "! echo 1 2>/dev/null >/proc/sys/vm/swappiness");
    await pod.sh(id, "! mknod /null c 1 3 2>/dev/null");
  });

  it("has volumes whose files are its own with mappings, and the host's without", async () => {
    await using pod = await mappedPod();
    const [shared, foreign] = [hostFolder("shared"), hostFolder("foreign")];
    chmodSync(foreign, 0o777);
    chownSync(shared, 33, 44);
    writeFileSync(join(shared, "file"), "", { mode: 0o600 });
    const id = await pod.run({
      mounts: [
        { hostPath: shared, containerPath: "/shared", ...mapped },
        { hostPath: foreign, containerPath: "/foreign" },
        { hostPath: shared, containerPath: "/read/only", readonly: true, ...mapped },
      ],
    });
    assert.equal(await pod.sh(id, "stat -c %u:%g /shared /shared/file /foreign"), "33:44\n0:0\n65534:65534");
    await pod.sh(id, "echo written >/shared/file && touch /shared/new && touch /foreign/new");
    await pod.sh(id, "! touch /read/only/new 2>/dev/null");
    assert.deepEqual([join(shared, "file"), join(shared, "new")].map(ownerOf), [
      [0, 0],
      [0, 0],
    ]);
    assert.deepEqual(ownerOf(join(foreign, "new")), [262_144, 393_216]);
  });

  it("has the devices it asks for, under another path too", async () => {
    await using pod = await mappedPod();
    const devices = [
      { hostPath: "/dev/loop-control", permissions: "r" },
      { hostPath: "/dev/null", containerPath: "/dev/kmsg", permissions: "rw" },
      { hostPath: "/dev/zero", containerPath: "/dev/deep/zero", permissions: "r" },
    ];
    const id = await pod.run({ devices });
    assert.equal(
      await pod.sh(id, "stat -c %t:%T /dev/loop-control /dev/kmsg /dev/deep/zero"),
      "a:ed\n1:3\n1:5",
    );
    assert.equal(await pod.sh(id, "echo x >/dev/kmsg && head -c 2 /dev/deep/zero | wc -c"), "2");
    assert.equal(await outcome(pod.create({ devices: [{ hostPath: "/dev/none" }] })), "INVALID_ARGUMENT");
  });

  it("has images as volumes, mapped as its root filesystem", async () => {
    await using pod = await mappedPod();
    const volume = (containerPath: string, fields: Init<Mount> = {}) => ({
      containerPath,
      image: { image: BUSYBOX },
      readonly: true,
      ...fields,
    });
    const mounts = [volume("/plain"), volume("/named", { ...mapped, imageSubPath: "etc" })];
    const id = await pod.run({ mounts });
    assert.equal(await pod.sh(id, "stat -c %u:%g /plain/bin/busybox /named/passwd"), "0:0\n0:0");
    assert.equal(await pod.sh(id, "/plain/bin/ls /named/passwd"), "/named/passwd");
    await pod.sh(id, "! touch /plain/x 2>/dev/null");
    const other = { uidMappings: [{ ...uids, hostId: 1 }], gidMappings: [gids] };
    assert.equal(await outcome(pod.create({ mounts: [volume("/x", other)] })), "INVALID_ARGUMENT");
  });

  it("has /dev/stdout and /dev/stderr for any user, in its program and in an exec, and a log", async () => {
    const logDirectory = hostFolder("logs");
    await using pod = await mappedPod({}, { logDirectory });
    for (const user of [0, 33]) {
      const id = await pod.run({
        ...withContext({ runAsUser: { value: String(user) } }),
        command: ["sh", "-c", "echo out >/dev/stdout; echo err >/dev/stderr; exec sleep 1000"],
        logPath: `${user}.log`,
      });
      assert.equal(await pod.sh(id, "echo from exec >/dev/stdout; id -u"), `from exec\n${user}`);
      await eventually(() => {
        const lines = parseLog(readFileSync(join(logDirectory, `${user}.log`), "utf8"));
        const written = new Set(lines.map(({ stream, text }) => `${stream} ${text}`));
        assert.deepEqual(written, new Set(["stdout out", "stderr err"]));
      });
    }
  });

  it("is reached by exec, attach and port-forward, with a terminal too", async () => {
    const { socket } = parts.daemon;
    await using pod = await mappedPod();
    const id = await pod.run({ command: ["cat"], stdin: true });
    const exec = await runClient(socket, ["exec", id, "sh", "-c", "cat /proc/self/uid_map; exit 3"]);
    assert.match(exec.stdout.toString(), /262144/);
    assert.equal(exec.code, 3);
    await using terminal = new TerminalClient({ width: 80, height: 24 }, socket, "exec", "-it", id, "sh");
    terminal.type("tty && stat -c owner=%u $(tty)\n");
    await terminal.shows(/\/dev\/pts\/\d+\r\nowner=0\r\n/);
    await using attached = new StreamClient(socket, "attach", "-i", id);
    attached.stdin.write("echoed\n");
    await attached.says(/echoed\n/);
    await pod.sh(id, "(while true; do echo served | nc -l -p 7001; done) >/dev/null 2>&1 &");
    await using session = await PortForward.start(socket, "websocket", pod.id, 7001);
    assert.equal((await session.ask(0, "")).toString(), "served\n");
  });

  it("has set-user-ID programs, other users, and the PID namespace of each mode", async () => {
    const logDirectory = hostFolder("set-user-id");
    await using pod = await mappedPod(
      { securityContext: { namespaceOptions: { pid: "CONTAINER" } } },
      { logDirectory },
    );
    const runAs = { runAsUser: { value: "1000" } };
    await pod.finish({ ...withContext(runAs), image: { image: SET_USER_ID }, command: [], logPath: "0.log" });
    assert.match(readFileSync(join(logDirectory, "0.log"), "utf8"), /Effective uid: 0\n/);
    const target = await pod.run(withContext({ namespaceOptions: { pid: "CONTAINER" } }));
    const debug = await pod.run({
      ...withContext({ namespaceOptions: { pid: "TARGET", targetId: target } }),
      command: ["sleep", "1000"],
    });
    assert.equal(await pod.sh(debug, "tr '\\0' ' ' </proc/1/cmdline"), "top ");
  });

  it("may be privileged: within itself", async () => {
    await using pod = await mappedPod({ securityContext: { privileged: true } });
    const id = await pod.run(withContext({ privileged: true }));
    await pod.sh(id, "ip link add dummy1 type veth && mkdir /mine && mount -t tmpfs mine /mine");
    await pod.sh(id, "! echo 1 2>/dev/null >/proc/sys/vm/swappiness");
    await pod.sh(id, "! cat /proc/kcore 2>/dev/null >/dev/null");
  });

  it("has mappings of its own, whatever other pods are made at the same moment", async () => {
    const seen = await inParallel(8, 8, async (index) => {
      const range = { containerId: 0, hostId: 65_536 * (10 + index), length: 65_536 };
      const options = { mode: "POD" as const, uids: [range], gids: [range] };
      await using pod = await mappedPod({
        securityContext: { namespaceOptions: { usernsOptions: options } },
      });
      const id = await pod.run();
      const owner = await pod.sh(id, "stat -c %u:%g /bin/busybox");
      return [
        owner,
        readFileSync(`/proc/${await pidOf(id)}/uid_map`, "utf8")
          .trim()
          .split(/\s+/)[1],
      ];
    });
    assert.deepEqual(
      seen,
      seen.map((_, index) => ["0:0", String(65_536 * (10 + index))]),
    );
  });

  it("outlives the daemon, and has new containers after that", async () => {
    const pod = await mappedPod();
    const id = await pod.run();
    await parts.daemon.kill();
    await parts.daemon.start();
    assert.match(await pod.sh(id, "cat /proc/self/uid_map"), /262144/);
    const second = await pod.run();
    assert.match(await pod.sh(second, "cat /proc/self/uid_map"), /262144/);
    await removePod(parts.daemon, pod.id);
    await assertNothingLeft(parts.daemon, parts.nothing);
  });

  it("is refused rather than run without: by a runtime that has none, with the host's namespaces, with wrong mappings", async () => {
    const { runtime } = parts.daemon.client;
    const { runtimeHandlers } = await runtime.Status({});
    const able = Object.fromEntries(
      runtimeHandlers.map(({ name, features }) => [name, features?.userNamespaces]),
    );
    assert.deepEqual([able[""], able.new, able.old], [true, true, false]);
    const config = podConfigFor(parts.daemon, podChanges());
    assert.equal(
      await outcome(runtime.RunPodSandbox({ config, runtimeHandler: "old" })),
      "FAILED_PRECONDITION",
    );
    for (const namespaceOptions of [{ network: "NODE" }, { pid: "NODE" }, { ipc: "NODE" }] as const)
      assert.equal(await outcome(mappedPod({ securityContext: { namespaceOptions } })), "INVALID_ARGUMENT");

    await using pod = await mappedPod();
    const wrongs: Init<UserNamespace>[] = [{ mode: "NODE" }, { ...usernsOptions, uids: [gids] }];
    for (const wrong of wrongs) {
      const call = pod.create(withContext({ namespaceOptions: { usernsOptions: wrong } }));
      assert.equal(await outcome(call), "INVALID_ARGUMENT");
    }
    const contexts = [
      { runAsUser: { value: "65536" } },
      { supplementalGroups: ["65536"] },
      { namespaceOptions: { pid: "NODE" } },
    ] as const;
    for (const context of contexts)
      assert.equal(await outcome(pod.create(withContext(context as object))), "INVALID_ARGUMENT");
    await using plain = await livePod(parts.daemon);
    const call = plain.create(withContext({ namespaceOptions: { usernsOptions } }));
    assert.equal(await outcome(call), "INVALID_ARGUMENT");
    const folder = hostFolder("unmapped");
    const mounts = [{ hostPath: folder, containerPath: "/x", uidMappings: [uids] }];
    assert.equal(await outcome(pod.create({ mounts })), "INVALID_ARGUMENT");
  });

  it(`leaves nothing when the daemon is killed while it is made, ${CUTS} times`, async () => {
    const { daemon, nothing } = parts;
    const { runtime } = daemon.client;
    for (let cut = 0; cut < CUTS; cut++) {
      const delay = ((cut + Math.random()) / CUTS) * LONGEST;
      const making = mappedPod().then((pod) =>
        pod.run({ mounts: [{ image: { image: BUSYBOX }, readonly: true, containerPath: "/volume" }] }),
      );
      making.catch(() => {});
      await sleep(delay);
      await daemon.kill();
      await making.catch(() => {});
      await daemon.start();
      for (const { id } of (await runtime.ListPodSandbox()).items) await removePod(daemon, id);
      await assertNothingLeft(daemon, nothing);
      assert.deepEqual(readdirSync(join(daemon.folder, "root/storage/overlay-mapped")), []);
    }
  });
});

describe("a pod in a user namespace without a pause container", () => {
  const settings = { "crio.runtime": { ...withNewRunc.settings?.["crio.runtime"], drop_infra_ctr: true } };
  const parts = suite({ ...withNewRunc, settings });

  it("keeps its namespaces by files, over a restart too", async () => {
    const { cgroupParent } = parts.daemon;
    const namespaceOptions = { pid: "CONTAINER", usernsOptions } as const;
    await using pod = await livePod(parts.daemon, {
      linux: { cgroupParent, securityContext: { namespaceOptions } },
    });
    assert.equal((await pod.verbose()).pid, 0);
    for (const restart of [false, true]) {
      if (restart) {
        await parts.daemon.kill();
        await parts.daemon.start();
      }
      const id = await pod.run({ linux: { securityContext: { namespaceOptions } } });
      assert.match(await pod.sh(id, "cat /proc/self/uid_map; hostname"), /262144/);
    }
  });
});
