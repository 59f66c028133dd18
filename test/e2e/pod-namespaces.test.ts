import assert from "node:assert/strict";
import { existsSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { NamespaceOption } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { outcome } from "../support/cri.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { containerStatus } from "../support/pods.ts";
import { suite } from "../support/suite.ts";

describe("a pod's namespaces", { concurrency: 4 }, () => {
  const parts = suite();

  function podWith(namespaceOptions: Init<NamespaceOption>): Promise<LivePod> {
    const { cgroupParent } = parts.daemon;
    return livePod(parts.daemon, { linux: { cgroupParent, securityContext: { namespaceOptions } } });
  }

  function containerWith(namespaceOptions: Init<NamespaceOption>) {
    return { linux: { securityContext: { namespaceOptions } } };
  }

  /** The namespace of a container's first process, as seen from the host. */
  async function namespace(containerId: string, type: string): Promise<string> {
    const { info } = await parts.daemon.client.runtime.ContainerStatus({ containerId, verbose: true });
    return readlinkSync(`/proc/${JSON.parse(info.info!).pid}/ns/${type}`);
  }

  const hosts = (type: string) => readlinkSync(`/proc/self/ns/${type}`);

  it("are its containers' own, shared among them, where it says nothing", async () => {
    await using pod = await podWith({});
    const [first, second] = [await pod.run(), await pod.run()];
    for (const type of ["net", "ipc", "uts", "pid"]) {
      assert.equal(await namespace(first, type), await namespace(second, type), type);
      assert.notEqual(await namespace(first, type), hosts(type), type);
    }
    assert.notEqual(await namespace(first, "mnt"), await namespace(second, "mnt"));
    assert.equal(await pod.sh(first, "tr '\\0' ' ' </proc/1/cmdline"), "/pause ");
  });

  it("network NODE: no CNI, the node's name and its /etc/hosts", async () => {
    await using pod = await podWith({ network: "NODE" });
    const id = await pod.run();
    assert.equal(await namespace(id, "net"), hosts("net"));
    assert.equal(await namespace(id, "uts"), hosts("uts"));
    assert.equal(await pod.sh(id, "hostname"), hostname());
    assert.equal(await pod.sh(id, "cat /etc/hosts; echo ."), `${readFileSync("/etc/hosts", "utf8")}.`);
    const { network, linux } = await pod.status();
    assert.equal(network?.ip, "");
    assert.equal(linux?.namespaces?.options?.network, "NODE");
    assert.equal(existsSync(join(parts.daemon.folder, "root", "cni", `${pod.id}-eth0.json`)), false);
    assert.match(await pod.sh(id, "echo $HOSTNAME"), new RegExp(`^${hostname()}$`));
  });

  it("ipc NODE: the host's /dev/shm and queues", async () => {
    await using pod = await podWith({ ipc: "NODE" });
    const id = await pod.run(containerWith({ ipc: "NODE" }));
    assert.equal(await namespace(id, "ipc"), hosts("ipc"));
    assert.notEqual(await namespace(id, "net"), hosts("net"));
    assert.equal(await pod.sh(id, "stat -c %i /dev/shm"), String(statSync("/dev/shm").ino));
  });

  it("pid CONTAINER: each container's program is its process 1", async () => {
    await using pod = await podWith({ pid: "CONTAINER" });
    const options = containerWith({ pid: "CONTAINER" });
    const [first, second] = [await pod.run(options), await pod.run(options)];
    assert.notEqual(await namespace(first, "pid"), await namespace(second, "pid"));
    assert.equal(await namespace(first, "ipc"), await namespace(second, "ipc"));
    assert.equal(await pod.sh(first, "tr '\\0' ' ' </proc/1/cmdline"), "top ");
  });

  it("pid NODE: the host's processes", async () => {
    await using pod = await podWith({ pid: "NODE" });
    const id = await pod.run(containerWith({ pid: "NODE" }));
    assert.equal(await namespace(id, "pid"), hosts("pid"));
    assert.equal(await pod.sh(id, `test -d /proc/${process.pid} && echo seen`), "seen");
    // A container of the host's PID namespace must not take its children along unseen, nor leave them.
    await pod.sh(id, "sleep 54321 >/dev/null 2>&1 &");
    await parts.daemon.client.runtime.StopContainer({ containerId: id, timeout: 0 });
    assert.equal((await containerStatus(parts.daemon, id)).exitCode, 137);
  });

  it("pid NODE: the node's settings stay out of reach, also through the /proc of a pause process that is root's", async () => {
    const { cgroupParent } = parts.daemon;
    const securityContext = { runAsUser: { value: 0 }, namespaceOptions: { pid: "CONTAINER" as const } };
    await using other = await livePod(parts.daemon, { linux: { cgroupParent, securityContext } });
    await using pod = await podWith({ pid: "NODE" });
    // Without a security context it has the usual protected paths; the PID mode is then the pod's.
    const id = await pod.run();
    assert.equal(await namespace(id, "pid"), hosts("pid"));
    const { pid } = await other.verbose();
    for (const root of ["", `/proc/${pid}/root`]) {
      const setting = `${root}/proc/sys/kernel/printk_ratelimit`;
      const script = `value=$(cat ${setting}) && ! (echo $value >${setting}) 2>/dev/null`;
      await pod.sh(id, script);
    }
  });

  it("pid TARGET: that of a container that runs in the same pod, and of no other", async () => {
    await using pod = await podWith({ pid: "CONTAINER" });
    const target = await pod.run(containerWith({ pid: "CONTAINER" }));
    const debug = await pod.run({
      ...containerWith({ pid: "TARGET", targetId: target }),
      command: ["sleep", "1000"],
    });
    assert.equal(await namespace(debug, "pid"), await namespace(target, "pid"));
    assert.equal(await pod.sh(debug, "tr '\\0' ' ' </proc/1/cmdline"), "top ");

    await using other = await podWith({});
    for (const targetId of [target, "f".repeat(64), ""]) {
      const call = other.create(containerWith({ pid: "TARGET", targetId }));
      assert.equal(await outcome(call), "INVALID_ARGUMENT");
    }
  });

  it("pid TARGET is refused for a pod, as is a mode that a namespace has not", async () => {
    for (const options of [{ pid: "TARGET" }, { network: "CONTAINER" }, { ipc: "CONTAINER" }] as const)
      assert.equal(await outcome(podWith(options)), "INVALID_ARGUMENT");
  });
});
