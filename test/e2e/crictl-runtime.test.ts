import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { load } from "js-yaml";
import { version } from "../../src/version.ts";
import { containerConfig } from "../support/configs.ts";
import { withoutCrictl } from "../support/crictl.ts";
import { CrictlPod, crictlSuite } from "../support/crictl-suite.ts";
import { testRuntime } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { podConfigFor } from "../support/pods.ts";

describe("the runtime by crictl", { skip: withoutCrictl }, () => {
  const parts = crictlSuite({
    settings: {
      "crio.runtime": { enable_pod_events: true },
      "crio.stats": { included_pod_metrics: ["all"] },
    },
  });

  it("version", async () => {
    const answer = await parts.crictl.ok("version");
    assert.deepEqual(
      answer.split("\n").map((line) => line.split(/: +/)),
      [
        ["Version", "0.1.0"],
        ["RuntimeName", "critter"],
        ["RuntimeVersion", version],
        ["RuntimeApiVersion", "v1"],
      ],
    );
  });

  it("info: conditions, handlers, configuration and network, as JSON, YAML and by template", async () => {
    const { crictl, daemon } = parts;
    const info = await crictl.json<Info>("info");
    assert.deepEqual(
      info.status.conditions.map(({ type, status }) => [type, status]),
      [
        ["RuntimeReady", true],
        ["NetworkReady", true],
      ],
    );
    assert.deepEqual(
      info.runtimeHandlers.map(({ name = "" }) => name),
      ["", testRuntime],
    );
    assert.equal(info.config.api.listen, daemon.socket);
    assert.equal(info.cniconfig.network.name, daemon.network.name);
    assert.equal(info.lastCNILoadStatus, "OK");
    const yaml = load(await crictl.ok("info", "-o", "yaml")) as Info;
    assert.equal(yaml.config.api.listen, daemon.socket);
    const template = "{{.config.api.listen}}";
    assert.equal(await crictl.ok("info", "-o", "go-template", "--template", template), daemon.socket);
  });

  it("runtime-config and update-runtime-config", async () => {
    const { crictl, daemon } = parts;
    const { linux } = await daemon.client.runtime.RuntimeConfig();
    assert.match(await crictl.ok("runtime-config"), new RegExp(`^cgroup driver: +${linux?.cgroupDriver}$`));
    await crictl.ok("update-runtime-config", "--pod-cidr", "10.9.0.0/16");
    assert.match(await crictl.refusal("update-runtime-config", "--pod-cidr", "10.9.0/16"), /10\.9\.0\/16/);
    await crictl.ok("update-runtime-config", "--pod-cidr", "");
  });

  it("--runtime-endpoint and --timeout: of one call, and where nobody answers", async () => {
    const { crictl, daemon } = parts;
    const socket = `unix://${daemon.socket}`;
    assert.match(await crictl.ok("--runtime-endpoint", socket, "--timeout", "5s", "version"), /critter/);
    const nowhere = ["--runtime-endpoint", `${socket}.absent`, "--timeout", "1s"];
    assert.match(await crictl.refusal(...nowhere, "version"), /absent/);
  });

  it("metricdescs and metricsp show what is measured of a pod", async () => {
    const { crictl } = parts;
    await using pod = await CrictlPod.run(parts);
    const id = await pod.start();
    const { descriptors } = await crictl.json<{ descriptors: { name: string }[] }>("metricdescs");
    assert.ok(descriptors.some(({ name }) => name === "container_memory_working_set_bytes"));
    await eventually(async () => {
      const { podMetrics } = await crictl.json<{ podMetrics: PodMetrics[] }>("metricsp");
      const ofPod = podMetrics.find(({ podSandboxId }) => podSandboxId === pod.id);
      assert.deepEqual(
        ofPod?.containerMetrics.map(({ containerId }) => containerId),
        [id],
      );
    });
  });

  it("events shows a container's life", async () => {
    const { crictl } = parts;
    await using events = crictl.start("events");
    // It says nothing when it has connected: a pod begins another life until it is heard of.
    await eventually(async () => {
      await using _pod = await CrictlPod.run(parts);
      assert.match(events.text, /CONTAINER_CREATED_EVENT/);
    }, 10);
    await using pod = await CrictlPod.run(parts);
    const id = await pod.start({ command: ["true"] });
    await eventually(() => {
      const heard = [...events.text.matchAll(/^\{.*?^\}$/gms)].map(([text]) => JSON.parse(text) as Event);
      const types = heard
        .filter(({ containerId }) => containerId === id)
        .map(({ containerEventType }) => containerEventType);
      assert.deepEqual(types, [
        "CONTAINER_CREATED_EVENT",
        "CONTAINER_STARTED_EVENT",
        "CONTAINER_STOPPED_EVENT",
      ]);
    });
  });

  it("rm --all and rmp --all remove everything", async () => {
    const { crictl, daemon } = parts;
    for (const name of ["one", "two"]) {
      const file = crictl.file(`${name}.json`, podConfigFor(daemon));
      const container = crictl.file(`${name}-container.json`, containerConfig());
      await crictl.ok("run", "--no-pull", container, file);
    }
    await crictl.ok("rm", "--all", "--force");
    assert.equal(await crictl.ok("ps", "--all", "--quiet"), "");
    await crictl.ok("rmp", "--all", "--force");
    assert.equal(await crictl.ok("pods", "--quiet"), "");
  });
});

interface Info {
  status: { conditions: { type: string; status: boolean }[] };
  runtimeHandlers: { name?: string }[];
  config: { api: { listen: string } };
  lastCNILoadStatus: string;
  cniconfig: { network: { name: string } };
}

interface PodMetrics {
  podSandboxId: string;
  containerMetrics: { containerId: string }[];
}

interface Event {
  containerId: string;
  containerEventType: string;
}
