import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { load } from "js-yaml";
import type { PodSandbox, PodSandboxStats } from "../../src/cri/messages.ts";
import { numbersOf, withoutCrictl } from "../support/crictl.ts";
import { CrictlPod, crictlSuite } from "../support/crictl-suite.ts";
import { podConfigFor } from "../support/pods.ts";

describe("pods by crictl", { skip: withoutCrictl, concurrency: 3 }, () => {
  const parts = crictlSuite();
  const listed = async (...args: string[]) =>
    (await parts.crictl.ok("pods", "--quiet", ...args)).split("\n").filter(Boolean);

  it("pods finds them by id, label, name, namespace, state and age", async () => {
    const { crictl } = parts;
    await using first = await CrictlPod.run(parts, {
      labels: { app: "first" },
      annotations: { "a.b/c": "d e" },
    });
    await using second = await CrictlPod.run(parts, { labels: { app: "second" } });
    const { name, namespace } = first.config.metadata!;
    assert.deepEqual(await listed("--id", first.id.slice(0, 8)), [first.id]);
    assert.deepEqual(await listed("--label", "app=first"), [first.id]);
    assert.deepEqual(await listed("--name", name!), [first.id]);
    assert.deepEqual(await listed("--namespace", namespace!), [first.id]);
    assert.deepEqual(await listed("--label", "app=second", "--state", "ready"), [second.id]);
    assert.deepEqual(await listed("--label", "app=second", "--state", "notready"), []);
    assert.deepEqual(await listed("--label", "app=third"), []);
    const table = await crictl.ok("pods", "--label", "app=first");
    assert.match(
      table,
      new RegExp(`^${first.id.slice(0, 13)} .* Ready +${name} +${namespace} +2 +\\(default\\)$`, "m"),
    );
    assert.match(await crictl.ok("pods", "--verbose", "--id", first.id), /^\ta\.b\/c -> d e$/m);
  });

  it("pods -o json and -o yaml are what ListPodSandbox answers", async () => {
    const { crictl, daemon } = parts;
    await using pod = await CrictlPod.run(parts, {
      labels: { kind: "compared" },
      annotations: { note: "n" },
    });
    const filter = { labelSelector: { kind: "compared" } };
    const { items } = await daemon.client.runtime.ListPodSandbox({ filter });
    assert.equal(items[0]?.id, pod.id);
    const json = await crictl.json<{ items: PodSandbox[] }>("pods", "--label", "kind=compared");
    assert.deepEqual(json.items, items);
    const yaml = load(await crictl.ok("pods", "--label", "kind=compared", "-o", "yaml")) as {
      items: unknown;
    };
    assert.deepEqual(numbersOf(yaml.items), items);
  });

  it("inspectp shows status, addresses, configuration, CNI's result and the runtime's specification", async () => {
    const { crictl } = parts;
    await using pod = await CrictlPod.run(parts, { hostname: "shown", labels: { app: "shown" } });
    const { status, info } = await crictl.json<Inspected>("inspectp", pod.id);
    assert.equal(status.id, pod.id);
    assert.equal(status.state, "SANDBOX_READY");
    assert.match(status.network.ip, /^10\./);
    assert.deepEqual(info.config.metadata, pod.config.metadata);
    assert.equal(info.runtimeSpec.hostname, "shown");
    assert.equal(info.privileged, false);
    assert.equal(info.image, "registry.k8s.io/pause:3.10.1");
    assert.match(info.cniResult.ips[0]!.address, new RegExp(`^${status.network.ip}/`));
    assert.match(readFileSync(`/proc/${info.pid}/cmdline`, "utf8"), /^\/pause/);
    const template = "{{.info.pid}} {{.status.metadata.name}}";
    const line = await crictl.ok("inspectp", "-o", "go-template", "--template", template, pod.id);
    assert.equal(line, `${info.pid} ${pod.config.metadata!.name}`);
    assert.match(
      await crictl.ok("inspectp", "-o", "table", pod.id),
      new RegExp(`^IP Addresses: ${status.network.ip}$`, "m"),
    );
    const quiet = await crictl.json("inspectp", "--quiet", pod.id);
    assert.equal(quiet.info, undefined);
    const yaml = load(await crictl.ok("inspectp", "-o", "yaml", pod.id)) as Inspected;
    assert.equal(yaml.info.pid, info.pid);
  });

  it("runp of YAML, stopp, rmp and rmp --force, of pods that run and of those that are gone", async () => {
    const { crictl, daemon } = parts;
    const config = crictl.file("life.yaml", podConfigFor(daemon));
    const id = await crictl.ok("runp", config);
    assert.match(await crictl.refusal("rmp", id), /is running, please stop it first/);
    await crictl.ok("stopp", id);
    await crictl.ok("stopp", id);
    assert.deepEqual(await listed("--state", "notready", "--id", id), [id]);
    assert.match(await crictl.ok("inspectp", "-o", "table", id), /^Status: SANDBOX_NOTREADY$/m);
    assert.equal((await crictl.json<Inspected>("inspectp", id)).info.pid, 0);
    await crictl.ok("rmp", id);
    assert.match(await crictl.refusal("inspectp", id), /NotFound.*pod sandbox .* not found/);
    const again = await crictl.ok("runp", config);
    await crictl.ok("rmp", "--force", again);
    assert.deepEqual(await listed("--id", again), []);
  });

  it("runp says what is wrong with a configuration", async () => {
    const { crictl, daemon } = parts;
    const { metadata: _, ...nameless } = podConfigFor(daemon);
    assert.match(await crictl.refusal("runp", crictl.file("nameless.json", nameless)), /metadata/);
    const unknown = crictl.file("handler.json", podConfigFor(daemon));
    assert.match(
      await crictl.refusal("runp", "--runtime", "none", unknown),
      /runtime_handler is .*none.* the handlers configured are/,
    );
  });

  it("statsp shows what a pod uses", async () => {
    const { crictl } = parts;
    await using pod = await CrictlPod.run(parts);
    await pod.start({ command: ["sh", "-c", "while :; do :; done"] });
    const { stats } = await crictl.json<{ stats: PodSandboxStats[] }>("statsp", "--id", pod.id);
    assert.equal(stats.length, 1);
    const { attributes, linux } = stats[0]!;
    assert.equal(attributes?.id, pod.id);
    assert.ok(Number(linux?.cpu?.usageCoreNanoSeconds?.value) > 1e6);
    assert.ok(Number(linux?.memory?.workingSetBytes?.value) > 0);
    assert.equal(linux?.network?.defaultInterface?.name, "eth0");
    assert.equal(linux?.containers.length, 1);
    assert.match(
      await crictl.ok("statsp", "--id", pod.id),
      new RegExp(`${pod.id.slice(0, 13)} +\\d+\\.\\d+ +\\d`),
    );
  });

  it("a pod's log directory is where its containers' logs are", async () => {
    const { crictl, daemon } = parts;
    const logDirectory = join(daemon.folder, "pod-logs");
    await using pod = await CrictlPod.run(parts, { logDirectory });
    const id = await pod.start({ command: ["echo", "said"], logPath: "said/0.log" });
    const path = await crictl.ok("inspect", "-o", "go-template", "--template", "{{.status.logPath}}", id);
    assert.equal(path, join(logDirectory, "said/0.log"));
  });
});

interface Inspected {
  status: { id: string; state: string; network: { ip: string } };
  info: {
    pid: number;
    image: string;
    privileged: boolean;
    config: { metadata: object };
    runtimeSpec: { hostname: string };
    cniResult: { ips: { address: string }[] };
  };
}
