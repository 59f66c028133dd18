import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-cdi-e2e-"));
after(() => rmSync(folder, { recursive: true }));
const [static_, dynamic] = [join(folder, "etc"), join(folder, "run")];

describe("CDI devices", { concurrency: 2 }, () => {
  const parts = suite({ settings: { "crio.runtime": { cdi_spec_dirs: [static_, dynamic] } } });

  it("bring nodes, variables, mounts, groups and hooks, by field and by annotation", async () => {
    mkdirSync(static_, { recursive: true });
    const library = join(folder, "library");
    mkdirSync(library);
    writeFileSync(join(library, "lib.so"), "library\n");
    const [hook, told] = [join(folder, "hook"), join(folder, "told")];
    writeFileSync(hook, `#!/bin/sh\necho "$1 $STAGE" >>${told}\ncat >/dev/null\n`);
    chmodSync(hook, 0o755);
    const spec = `cdiVersion: "0.7.0"
kind: example.com/gpu
annotations: {about: test}
containerEdits:
  env: [GPUS=some]
  additionalGids: [4242]
  mounts:
  - {hostPath: ${library}, containerPath: /usr/lib/gpu, options: [ro, rbind, nosuid]}
devices:
- name: "0"
  containerEdits:
    deviceNodes:
    - {path: /dev/gpu0, hostPath: /dev/null, permissions: rw, fileMode: 0604}
    - {path: /dev/gpu-kmsg, type: c, major: 1, minor: 11, permissions: r, uid: 7, gid: 8}
    env: [GPU0=yes]
- name: "1"
  containerEdits:
    hooks:
    - {hookName: createRuntime, path: ${hook}, args: [hook, create], env: [STAGE=first]}
    - {hookName: poststop, path: ${hook}, args: [hook, stop], env: [STAGE=last]}
`;
    writeFileSync(join(static_, "gpu.yaml"), spec);
    await using pod = await livePod(parts.daemon);
    const linux = { securityContext: { runAsUser: { value: 1000 }, runAsGroup: { value: 1000 } } };
    const id = await pod.run({
      CDIDevices: [{ name: "example.com/gpu=0" }],
      annotations: { "cdi.k8s.io/plugin": "example.com/gpu=1,example.com/gpu=0" },
      envs: [{ key: "GPUS", value: Buffer.from("none") }],
      linux,
    });
    assert.equal(await pod.sh(id, "echo $GPUS $GPU0; cat /usr/lib/gpu/lib.so"), "some yes\nlibrary");
    assert.equal(await pod.sh(id, "stat -c '%t:%T %a %u:%g' /dev/gpu0"), "1:3 604 1000:1000");
    assert.equal(await pod.sh(id, "stat -c '%t:%T %u:%g' /dev/gpu-kmsg"), "1:b 7:8");
    assert.equal(await pod.sh(id, "echo x >/dev/gpu0 && echo written"), "written");
    assert.match(await pod.sh(id, "grep ^Groups: /proc/self/status"), /\b4242\b/);
    assert.match(await pod.sh(id, "grep ' /usr/lib/gpu ' /proc/self/mountinfo"), / ro,nosuid,/);
    assert.equal(readFileSync(told, "utf8"), "create first\n");
    await parts.daemon.client.runtime.StopContainer({ containerId: id, timeout: 0 });
    await parts.daemon.client.runtime.RemoveContainer({ containerId: id });
    await eventually(() => assert.equal(readFileSync(told, "utf8"), "create first\nstop last\n"));
  });

  it("are found in files that came a moment ago, and are refused by name when they are not", async () => {
    await using pod = await livePod(parts.daemon);
    const CDIDevices = [{ name: "example.com/late=x" }];
    await assert.rejects(pod.create({ CDIDevices }), (error: Error) => {
      for (const part of ["config.CDI_devices[0].name", "example.com/late=x", static_, dynamic])
        assert.ok(error.message.includes(part), error.message);
      return true;
    });
    mkdirSync(dynamic, { recursive: true });
    const device = { name: "x", containerEdits: { env: ["LATE=1"] } };
    const document = { cdiVersion: "1.0.0", kind: "example.com/late", devices: [device] };
    writeFileSync(join(dynamic, "late.json"), JSON.stringify(document));
    assert.equal(await pod.sh(await pod.run({ CDIDevices }), "echo $LATE"), "1");
    document.devices[0]!.containerEdits.env = ["LATE=2 more"];
    writeFileSync(join(dynamic, "late.json"), JSON.stringify(document));
    assert.equal(await pod.sh(await pod.run({ CDIDevices }), "echo $LATE"), "2 more");
    const annotations = { "cdi.k8s.io/x": "late" };
    await assert.rejects(
      pod.create({ annotations }),
      /annotations\["cdi\.k8s\.io\/x"\] is "late": not of the form/,
    );
  });

  it("of which the machine has no node are refused, and nothing is left", async () => {
    mkdirSync(static_, { recursive: true });
    const device = { name: "gone", containerEdits: { deviceNodes: [{ path: "/dev/gone" }] } };
    const document = { cdiVersion: "1.0.0", kind: "example.com/gone", devices: [device] };
    writeFileSync(join(static_, "gone.json"), JSON.stringify(document));
    await using pod = await livePod(parts.daemon);
    const wrong = pod.create({ CDIDevices: [{ name: "example.com/gone=gone" }] });
    await assert.rejects(wrong, /a CDI device's node "\/dev\/gone": no such device on this host/);
    const rdt = { name: "rdt", containerEdits: { intelRdt: { closID: "gold", l3CacheSchema: "L3:0=f" } } };
    writeFileSync(
      join(static_, "rdt.json"),
      JSON.stringify({ cdiVersion: "1.0.0", kind: "example.com/rdt", devices: [rdt] }),
    );
    // What the machine has not is the runtime's to refuse.
    if (!existsSync("/sys/fs/resctrl/schemata"))
      await assert.rejects(
        pod.create({ CDIDevices: [{ name: "example.com/rdt=rdt" }] }),
        /intel ?rdt|resctrl/i,
      );
  });
});
