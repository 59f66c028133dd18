import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { mount, unmount } from "../../src/linux/mount.ts";
import { assertAudit, audit } from "./audit.ts";
import { cgroupFolders } from "./cgroups.ts";
import { livePod } from "./live-pod.ts";
import { suite } from "./suite.ts";

const parts = suite();

test("the audit of pods and containers in all states finds nothing, and everything that was planted", async () => {
  const { daemon } = parts;
  const { folder, network, cgroupParent } = daemon;
  await using pod = await livePod(daemon, { portMappings: [{ containerPort: 80, hostPort: 21_310 }] });
  await pod.create();
  await pod.run();
  await pod.finish({ command: ["true"] });
  await using stopped = await livePod(daemon);
  await daemon.client.runtime.StopPodSandbox({ podSandboxId: stopped.id });
  await assertAudit(daemon);

  const [shm, bundle] = [join(folder, "runroot/sandboxes/x/shm"), join(folder, "runroot/containers/y")];
  const lease = join(network.leaseDir, `${network.subnet}.250`);
  const cgroup = join(cgroupFolders(cgroupParent)[0]!, "z");
  for (const path of [shm, bundle, cgroup]) mkdirSync(path, { recursive: true });
  mount("tmpfs", shm, "tmpfs");
  writeFileSync(lease, "nobody\r\neth0");
  const chain = ["-t", "nat", "-w"];
  execFileSync("iptables", [...chain, "-N", "CNI-nobody"]);
  execFileSync("iptables", [...chain, "-A", "CNI-nobody", ...comment(`name: "${network.name}" id: "w"`)]);
  try {
    assert.deepEqual((await audit(daemon)).sort(), [
      "bundle y is nobody's",
      `cgroup ${cgroupParent}/z is nobody's`,
      "lease nobody is nobody's",
      "mount runroot/sandboxes/x/shm is nobody's",
      "network rule w is nobody's",
      "sandbox folder x is nobody's",
    ]);
  } finally {
    unmount(shm);
    for (const path of [join(folder, "runroot/sandboxes/x"), bundle, lease])
      rmSync(path, { recursive: true });
    rmdirSync(cgroup);
    execFileSync("iptables", [...chain, "-F", "CNI-nobody"]);
    execFileSync("iptables", [...chain, "-X", "CNI-nobody"]);
  }
  await assertAudit(daemon);
  await daemon.kill();
  assert.deepEqual(await audit(daemon), []);
  await daemon.start();
  await assertAudit(daemon);
});

const comment = (text: string) => ["-m", "comment", "--comment", text];
