import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { outcome } from "../support/cri.ts";
import { livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

describe("a pod's files", { concurrency: 4 }, () => {
  const parts = suite();

  it("hostname: inside, in /etc/hostname, in the environment, and in /etc/hosts with the pod's address", async () => {
    await using pod = await livePod(parts.daemon, { hostname: "web-0" });
    const id = await pod.run();
    assert.equal(await pod.sh(id, "hostname; cat /etc/hostname; echo $HOSTNAME"), "web-0\nweb-0\nweb-0");
    const { network } = await pod.status();
    const hosts = (await pod.sh(id, "cat /etc/hosts")).split("\n");
    assert.ok(hosts.includes(`${network?.ip}\tweb-0`), hosts.join("\n"));
    assert.ok(hosts.includes("127.0.0.1\tlocalhost"));
  });

  it("a pod without a hostname is named for its id", async () => {
    await using pod = await livePod(parts.daemon);
    assert.equal(await pod.sh(await pod.run(), "hostname"), pod.id.slice(0, 12));
  });

  it("resolv.conf is the DNSConfig, or the node's where there is none", async () => {
    await using pod = await livePod(parts.daemon, {
      dnsConfig: { servers: ["10.0.0.10", "fd00::10"], searches: ["a.test", "b.test"], options: ["ndots:5"] },
    });
    const lines = (await pod.sh(await pod.run(), "cat /etc/resolv.conf")).split("\n");
    const wanted = ["search a.test b.test", "nameserver 10.0.0.10", "nameserver fd00::10", "options ndots:5"];
    assert.deepEqual(lines, wanted);
    await using plain = await livePod(parts.daemon);
    const nodes = readFileSync("/etc/resolv.conf", "utf8");
    assert.equal(await plain.sh(await plain.run(), "cat /etc/resolv.conf; echo ."), `${nodes}.`);
  });

  it("the files may be written by one container and are read by the other", async () => {
    await using pod = await livePod(parts.daemon);
    const [one, two] = [await pod.run(), await pod.run()];
    await pod.sh(one, "echo 192.0.2.1 added >>/etc/hosts; echo kept >/dev/shm/note");
    assert.match(await pod.sh(two, "cat /etc/hosts"), /192\.0\.2\.1 added/);
    assert.equal(await pod.sh(two, "cat /dev/shm/note"), "kept");
  });

  it("a read-only root makes them read-only too, but not /dev/shm", async () => {
    await using pod = await livePod(parts.daemon);
    const id = await pod.run({ linux: { securityContext: { readonlyRootfs: true } } });
    const script = "for f in /x /etc/hosts /etc/resolv.conf /etc/hostname; do ! touch $f || exit 1; done";
    await pod.sh(id, `(${script}) 2>/dev/null && touch /dev/shm/x`);
  });

  it("/dev/shm is a tmpfs of 64 MiB", async () => {
    await using pod = await livePod(parts.daemon);
    const id = await pod.run();
    assert.equal(await pod.sh(id, "df -k /dev/shm | awk 'NR == 2 { print $2 }'"), "65536");
    assert.match(
      await pod.sh(id, "grep ' /dev/shm ' /proc/mounts"),
      /tmpfs .*rw,nosuid,nodev,noexec,relatime/,
    );
    const { exitCode } = await parts.daemon.client.runtime.ExecSync({
      containerId: id,
      cmd: ["dd", "if=/dev/zero", "of=/dev/shm/full", "bs=1M", "count=65"],
      timeout: 20,
    });
    assert.notEqual(exitCode, 0);
  });

  it("sysctls of the pod's namespaces are set, also those of its interface; a node's is refused", async () => {
    const { cgroupParent } = parts.daemon;
    const sysctls = {
      "net.ipv4.ip_unprivileged_port_start": "80",
      "kernel.shmmax": "65536",
      "net.ipv4.conf.eth0.rp_filter": "2",
    };
    await using pod = await livePod(parts.daemon, { linux: { cgroupParent, sysctls } });
    const read = Object.keys(sysctls).map((name) => `cat /proc/sys/${name.replaceAll(".", "/")}`);
    assert.equal(await pod.sh(await pod.run(), read.join("; ")), Object.values(sysctls).join("\n"));
    for (const name of ["vm.swappiness", "kernel.panic", "net.ipv4.no_such_thing"]) {
      const refused = livePod(parts.daemon, { linux: { cgroupParent, sysctls: { [name]: "1" } } });
      assert.equal(await outcome(refused), "INVALID_ARGUMENT", name);
    }
    const onHost = livePod(parts.daemon, {
      linux: {
        cgroupParent,
        sysctls: { "net.ipv4.ip_unprivileged_port_start": "80" },
        securityContext: { namespaceOptions: { network: "NODE" } },
      },
    });
    assert.equal(await outcome(onHost), "INVALID_ARGUMENT");
  });
});
