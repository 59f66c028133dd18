import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { PodSandboxConfig } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { outcome } from "../support/cri.ts";
import { startDaemon, testRuntime } from "../support/daemon.ts";
import { LivePod, livePod } from "../support/live-pod.ts";
import { podConfigFor } from "../support/pods.ts";
import { suite } from "../support/suite.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-devices-"));
after(() => rmSync(folder, { recursive: true }));
const [rejected, secrets, mountsConf] = ["rejected", "secrets", "mounts.conf"].map((name) =>
  join(folder, name),
) as [string, string, string];
mkdirSync(secrets);
writeFileSync(join(secrets, "key"), "secret\n");
writeFileSync(mountsConf, `# of the host\n${secrets}:/run/secrets\n`);

const DEVICES = "io.kubernetes.cri-o.Devices";
const SHM_SIZE = "io.kubernetes.cri-o.ShmSize";

describe("devices and mounts of crio.conf", { concurrency: 4 }, () => {
  const parts = suite({
    settings: {
      "crio.runtime": {
        additional_devices: ["/dev/kmsg:/dev/log-of-kernel:r", "/dev/null:/dev/everybodys"],
        allowed_devices: ["/dev/zero"],
        device_ownership_from_security_context: true,
        absent_mount_sources_to_reject: [rejected],
        default_mounts_file: mountsConf,
      },
    },
    handlers: {
      [testRuntime]: { allowed_annotations: [DEVICES, SHM_SIZE] },
      closed: { runtime_path: "/usr/sbin/runc", runtime_root: join(folder, "runc") },
    },
  });
  const pod = (changes: Init<PodSandboxConfig>): Promise<LivePod> =>
    livePod(parts.daemon, { linux: { cgroupParent: parts.daemon.cgroupParent }, ...changes });

  it("additional_devices are in every container, with their permissions", async () => {
    await using live = await livePod(parts.daemon);
    const id = await live.run({
      linux: { securityContext: { capabilities: { addCapabilities: ["SYSLOG"] } } },
    });
    assert.equal(await live.sh(id, "stat -c '%t:%T' /dev/log-of-kernel /dev/everybodys | xargs"), "1:b 1:3");
    assert.equal(await live.sh(id, "sh -c ': </dev/log-of-kernel' && echo may read"), "may read");
    await live.sh(id, "! sh -c ': >/dev/log-of-kernel' 2>/dev/null");
    await live.sh(id, "echo x >/dev/everybodys");
  });

  it("a pod's annotation brings what allowed_devices has, and is refused with anything else", async () => {
    await using live = await pod({ annotations: { [DEVICES]: "/dev/zero:/dev/mine:r,/dev/zero" } });
    const id = await live.run();
    assert.equal(await live.sh(id, "stat -c '%t:%T' /dev/mine; head -c 3 /dev/mine | wc -c"), "1:5\n3");
    await using greedy = await pod({ annotations: { [DEVICES]: "/dev/kmsg" } });
    await assert.rejects(
      greedy.create(),
      /Devices"\] is "\/dev\/kmsg": crio\.conf's allowed_devices does not have it/,
    );
    await using wrong = await pod({ annotations: { [DEVICES]: "/dev/zero:/tmp/x" } });
    assert.equal(await outcome(wrong.create()), "INVALID_ARGUMENT");
  });

  it("a handler that does not allow the annotations lets them be", async () => {
    const config = podConfigFor(parts.daemon, {
      annotations: { [DEVICES]: "/dev/zero:/dev/mine", [SHM_SIZE]: "3Mi" },
    });
    const request = { config, runtimeHandler: "closed" };
    const { podSandboxId } = await parts.daemon.client.runtime.RunPodSandbox(request);
    await using live = new LivePod(parts.daemon, podSandboxId, config);
    const id = await live.run();
    assert.equal(
      await live.sh(id, "ls /dev/mine 2>/dev/null | wc -l; df -k /dev/shm | grep -wc 65536"),
      "0\n1",
    );
  });

  it("a pod's devices are its user's", async () => {
    await using live = await livePod(parts.daemon);
    const devices = [{ hostPath: "/dev/null", containerPath: "/dev/mine", permissions: "rw" }];
    const securityContext = { runAsUser: { value: 1234 }, runAsGroup: { value: 5678 } };
    const id = await live.run({ devices, linux: { securityContext } });
    assert.equal(await live.sh(id, "stat -c '%u:%g' /dev/mine /dev/everybodys | xargs"), "1234:5678 0:0");
  });

  it("all devices of a folder, and the refusals of wrong ones", async () => {
    await using live = await livePod(parts.daemon);
    const devices = [{ hostPath: "/dev/net", containerPath: "/dev/nets", permissions: "rwm" }];
    if (existsSync("/dev/net/tun"))
      assert.equal(await live.sh(await live.run({ devices }), "ls /dev/nets"), "tun");
    for (const wrong of [
      { hostPath: "/dev/null", permissions: "rx" },
      { hostPath: "/dev/null", permissions: "rr" },
      { hostPath: "/etc/passwd", permissions: "r" },
      { hostPath: "/etc", permissions: "r" },
      { hostPath: "dev/null", permissions: "r" },
      { hostPath: "/dev/null", containerPath: "null", permissions: "r" },
    ])
      assert.equal(
        await outcome(live.create({ devices: [wrong] })),
        "INVALID_ARGUMENT",
        JSON.stringify(wrong),
      );
  });

  it("a host path of absent_mount_sources_to_reject is refused while it is absent, and never made", async () => {
    await using live = await livePod(parts.daemon);
    const mounts = [{ hostPath: rejected, containerPath: "/x" }];
    const message =
      /config\.mounts\[0\]\.host_path is ".*rejected": it does not exist, and absent_mount_sources_to_reject/;
    await assert.rejects(live.create({ mounts }), message);
    assert.equal(existsSync(rejected), false);
    mkdirSync(rejected);
    await live.sh(await live.run({ mounts }), "touch /x/made");
    assert.ok(existsSync(join(rejected, "made")));
  });

  it("a copy of what mounts.conf names is in every container, but for a mount of its own there", async () => {
    await using live = await livePod(parts.daemon);
    const id = await live.run();
    assert.equal(await live.sh(id, "cat /run/secrets/key; echo mine >/run/secrets/key"), "secret");
    assert.equal(readFileSync(join(secrets, "key"), "utf8"), "secret\n");
    const mounts = [{ hostPath: join(folder, "own"), containerPath: "/run/secrets" }];
    assert.equal(await live.sh(await live.run({ mounts }), "ls /run/secrets"), "");
    const copies = join(parts.daemon.folder, "root/storage/overlay-containers", id, "mounts-conf");
    assert.ok(existsSync(copies));
    await parts.daemon.client.runtime.RemoveContainer({ containerId: id });
  });

  it("/dev/shm has 64 MiB, what the annotation says, or is the host's", async () => {
    const bytes = async (live: LivePod, id: string) => {
      const [blocks, size] = (await live.sh(id, "stat -f -c '%b %S' /dev/shm")).split(" ").map(Number) as [
        number,
        number,
      ];
      return blocks * size;
    };
    await using plain = await livePod(parts.daemon);
    assert.equal(await bytes(plain, await plain.run()), 64 * 2 ** 20);
    await using sized = await pod({ annotations: { [SHM_SIZE]: "3Mi" } });
    const [first, second] = [await sized.run(), await sized.run()];
    assert.equal(await bytes(sized, first), 3 * 2 ** 20);
    // It is the pod's: one writes, another reads, and there is no room for more than was asked for.
    await sized.sh(first, "echo shared >/dev/shm/x");
    assert.equal(await sized.sh(second, "cat /dev/shm/x"), "shared");
    await sized.sh(second, "! head -c 4194304 /dev/zero >/dev/shm/y 2>/dev/null");
    const { cgroupParent } = parts.daemon;
    await using host = await pod({
      annotations: { [SHM_SIZE]: "3Mi" },
      linux: { cgroupParent, securityContext: { namespaceOptions: { ipc: "NODE" } } },
    });
    const { blocks, bsize } = statfsSync("/dev/shm");
    assert.equal(await bytes(host, await host.run()), blocks * bsize);
    for (const value of ["0", "much"])
      assert.equal(await outcome(pod({ annotations: { [SHM_SIZE]: value } })), "INVALID_ARGUMENT", value);
  });
});

it("an additional device that is none keeps the daemon from starting", async () => {
  const start = (device: string) =>
    startDaemon({ settings: { "crio.runtime": { additional_devices: [device] } } });
  await assert.rejects(
    start("/dev/no-such"),
    /crio\.runtime\.additional_devices has "\/dev\/no-such", it must be a device/,
  );
  await assert.rejects(
    start("/dev/null:/tmp/x"),
    /additional_devices is \["\/dev\/null:\/tmp\/x"\], it must be a list of/,
  );
});
