import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { stringify } from "smol-toml";
import { type Containerd, startContainerd } from "../../bench/containerd.ts";
import { cachedContainerdVersion } from "../../bench/containerd-package.ts";
import { CriClient } from "../../src/client/cri-client.ts";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { removeCgroups } from "../support/cgroups.ts";
import { Child } from "../support/child.ts";
import { BUSYBOX, containerConfig } from "../support/configs.ts";
import { waitUntilServing } from "../support/cri.ts";
import { findCrictl, withoutCrictl } from "../support/crictl.ts";
import { critter } from "../support/daemon.ts";
import { sweep } from "../support/sweep.ts";

const withoutContainerd = (await cachedContainerdVersion()) === undefined && "containerd is not in the cache";
const withSystemd = process.env.CRITTER_TEST_CGROUP_MANAGER === "systemd" && "this containerd has cgroupfs";

function run(program: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stderr}`));
      else resolve(stdout);
    });
  });
}

/** The steps of docs/moving.md, without a kubelet. */
describe("a node that has run containerd", {
  skip: withoutContainerd || withoutCrictl || withSystemd,
}, () => {
  const folder = mkdtempSync(join(tmpdir(), "critter-moved-node-"));
  const cgroupParent = `/critter-test-moved-${process.pid}`;
  const file = join(folder, "crio.conf");
  let registry: Registry;
  let containerd: Containerd;
  let daemon: Child | undefined;

  before(async () => {
    await ensureImages("base");
    registry = await Registry.start({ storage: storeFolder() });
    containerd = await startContainerd(registry.address);
  });
  after(async () => {
    await daemon?.end("SIGTERM");
    await sweep(folder);
    await containerd?.stop();
    await registry?.stop();
    removeCgroups(cgroupParent);
  });

  it("gives its pods up by crictl, as the page says", async () => {
    using client = new CriClient(containerd.socket);
    await client.image.PullImage({ image: { image: BUSYBOX } });
    const metadata = { name: "old", namespace: "moved", uid: "u", attempt: 0 };
    const sandboxConfig = { metadata, linux: { cgroupParent }, logDirectory: folder };
    const { podSandboxId } = await client.runtime.RunPodSandbox({ config: sandboxConfig });
    const config = containerConfig({});
    const { containerId } = await client.runtime.CreateContainer({ podSandboxId, config, sandboxConfig });
    await client.runtime.StartContainer({ containerId });

    const endpoint = `unix://${containerd.socket}`;
    await run(findCrictl()!, "--runtime-endpoint", endpoint, "--timeout", "60s", "rmp", "--all", "--force");
    assert.deepEqual((await client.runtime.ListPodSandbox()).items, []);
  });

  it("has its configuration translated, by which critter pulls and runs from the same mirrors in the same network", async () => {
    const source = join(containerd.folder, "config.toml");
    writeFileSync(file, await run(critter, "config", "--from-containerd", source));
    const own = {
      crio: {
        root: join(folder, "root"),
        runroot: join(folder, "runroot"),
        runtime: { namespaces_dir: join(folder, "namespaces") },
        image: { registries_conf: join(folder, "registries.conf") },
      },
    };
    mkdirSync(`${file}.d`);
    writeFileSync(join(`${file}.d`, "10-test.conf"), stringify(own));

    daemon = new Child(critter, ["--config", file], { log: join(folder, "critter.log") });
    using client = new CriClient(join(folder, "runroot", "critter.sock"));
    await waitUntilServing(client, 30, daemon.gone);
    const { status } = await client.runtime.Status();
    assert.deepEqual(
      status!.conditions.map((condition) => condition.status),
      [true, true],
    );
    const script = "grep CapBnd /proc/self/status; ip -4 -o address show eth0";
    const options = ["--quiet", "--config", file, "--cgroup-parent", cgroupParent];
    const told = await run(critter, "run", ...options, BUSYBOX, "--", "sh", "-c", script);
    assert.match(told, /^CapBnd:\s+00000000a80425fb$/m);
    assert.match(told, /inet \d+\.\d+\.\d+\.\d+/);
  });
});
