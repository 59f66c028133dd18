import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { hostPlatform, platformName } from "../../src/registry/platform.ts";
import { refusal } from "../support/cri.ts";
import { testRuntime } from "../support/daemon.ts";
import { LivePod } from "../support/live-pod.ts";
import { podConfigFor } from "../support/pods.ts";
import { suite } from "../support/suite.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-handlers-"));
const calls = join(folder, "calls");
const program = process.env.CRITTER_TEST_RUNTIME || "runc";
after(() => rmSync(folder, { recursive: true }));

const parts = suite({
  handlers: {
    traced: {
      runtime_path: script("traced", `echo "$MONITORED $*" >> ${calls}; exec ${program} "$@"`),
      runtime_root: join(folder, "root"),
      monitor_env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "MONITORED=yes"],
      allowed_annotations: ["example.org/allowed", "pods.example.org/"],
      default_annotations: { "example.org/default": "1", "example.org/allowed": "by default" },
      container_min_memory: "40MiB",
    },
    platform: {
      runtime_path: "/bin/false",
      inherit_default_runtime: true,
      platform_runtime_paths: {
        [platformName(hostPlatform())]: script(
          "platform",
          `echo "platform $*" >> ${calls}; exec ${program} "$@"`,
        ),
        "wasi/wasm": "/no/such/program",
      },
    },
    broken: { runtime_path: "/no/such/program" },
    kata: { runtime_path: "/bin/true", runtime_type: "vm" },
  },
});

function script(name: string, body: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

async function podOf(runtimeHandler: string, annotations: Record<string, string> = {}): Promise<LivePod> {
  const { daemon } = parts;
  const config = podConfigFor(daemon, { annotations });
  const { podSandboxId } = await daemon.client.runtime.RunPodSandbox({ config, runtimeHandler });
  return new LivePod(daemon, podSandboxId, config);
}

async function annotationsOf(containerId: string): Promise<Record<string, string>> {
  const { info } = await parts.daemon.client.runtime.ContainerStatus({ containerId, verbose: true });
  return JSON.parse(info.info!).runtimeSpec.annotations;
}

test("Status lists the handlers that can be used, the default one under its name and none", async () => {
  const { runtimeHandlers } = await parts.daemon.client.runtime.Status();
  assert.deepEqual(
    runtimeHandlers.map(({ name }) => name).sort(),
    ["", testRuntime, "traced", "platform"].sort(),
  );
  const log = readFileSync(join(parts.daemon.folder, "critter.log"), "utf8");
  for (const handler of ["broken", "kata"])
    assert.match(log, new RegExp(`runtime handler is left out.*${handler}`), handler);
});

test("a pod of a handler and its containers are that runtime's, with its own root and environment", async () => {
  await using pod = await podOf("traced");
  const containerId = await pod.run();
  assert.equal(await pod.sh(containerId, "echo $MONITORED"), "");
  assert.equal((await pod.status()).runtimeHandler, "traced");
  const all = readFileSync(calls, "utf8").trim().split("\n");
  const lines = all.filter((line) => !line.startsWith("platform ") && !line.endsWith(" features"));
  assert.ok(lines.every((line) => line.includes(`--root ${join(folder, "root")}`)));
  assert.match(lines.find((line) => line.includes(` create `)) ?? "", /^yes /);
  assert.ok(lines.some((line) => line.endsWith(` start ${containerId}`)));
  // It goes on working for them after a restart.
  await parts.daemon.stop();
  await parts.daemon.start();
  assert.equal(await pod.sh(containerId, "echo here"), "here");
});

test("of a pod's annotations the runtime sees the allowed ones, and the handler's own defaults", async () => {
  const asked = { "example.org/allowed": "yes", "pods.example.org/a": "b", "org.systemd.property.X": "1" };
  await using pod = await podOf("traced", asked);
  const seen = await annotationsOf(await pod.create());
  assert.equal(seen["example.org/default"], "1");
  assert.equal(seen["example.org/allowed"], "yes");
  assert.equal(seen["pods.example.org/a"], "b");
  assert.equal(seen["org.systemd.property.X"], undefined);
  const { annotations } = (await pod.verbose()).runtimeSpec as { annotations: Record<string, string> };
  assert.equal(annotations["example.org/allowed"], "yes");
  await using plain = await podOf("", asked);
  assert.equal((await annotationsOf(await plain.create()))["example.org/allowed"], undefined);
});

test("a container of an image's platform is that platform's program's, its pause container the handler's", async () => {
  await using pod = await podOf("platform");
  const containerId = await pod.run();
  assert.equal(await pod.sh(containerId, "echo here"), "here");
  await parts.daemon.client.runtime.StopContainer({ containerId, timeout: 0 });
  await parts.daemon.client.runtime.RemoveContainer({ containerId });
  const lines = readFileSync(calls, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("platform "));
  for (const command of ["create", "start", "exec", "delete"])
    assert.ok(
      lines.some((line) => line.includes(` ${command} `)),
      command,
    );
  assert.ok(!lines.some((line) => line.includes(pod.id)));
});

test("a limit below the handler's container_min_memory is refused, in an update too", async () => {
  await using pod = await podOf("traced");
  const resources = { memoryLimitInBytes: 32 << 20 };
  const reason = /memory_limit_in_bytes is 33554432: .*41943040 \(container_min_memory\)/;
  await assert.rejects(pod.create({ linux: { resources } }), refusal("INVALID_ARGUMENT", reason));
  const containerId = await pod.create();
  const update = parts.daemon.client.runtime.UpdateContainerResources({ containerId, linux: resources });
  await assert.rejects(update, refusal("INVALID_ARGUMENT", reason));
});

test("a handler that is not there, or was left out, is INVALID_ARGUMENT and leaves nothing", async () => {
  for (const name of ["missing", "broken", "kata"]) {
    const known = new RegExp(`^runtime_handler is "${name}": the handlers configured are .*traced`);
    await assert.rejects(podOf(name), refusal("INVALID_ARGUMENT", known));
  }
  assert.deepEqual((await parts.daemon.client.runtime.ListPodSandbox()).items, []);
});
