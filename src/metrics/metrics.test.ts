import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Metadata, status } from "@grpc/grpc-js";
import { idleSources } from "../../test/support/idle-metrics.ts";
import { Scrape } from "../../test/support/prometheus-text.ts";
import { type Collector, collectors, metricName } from "../config/metrics-keys.ts";
import { StatusError } from "../cri/status-error.ts";
import { observeRpc, observeStep, tellIncident } from "../observation.ts";
import type { ContainerRecord } from "../oci/record.ts";
import { pullError, RegistryFailure } from "../registry/failure.ts";
import type { PodSandboxRecord } from "../sandbox/record.ts";
import { collectMetrics, type MetricSources, type Metrics } from "./metrics.ts";

function container(id: string, changes: Partial<ContainerRecord> = {}): ContainerRecord {
  const config = { metadata: { name: "web", attempt: 2 } };
  return { id, podSandboxId: "pod", phase: "running", reason: "", config, ...changes } as ContainerRecord;
}

const answer = (method: string, code = status.OK, streaming = false) =>
  observeRpc({ service: "", method, streaming, metadata: new Metadata() }, async () => ({ code }));

describe("the metrics", () => {
  let sources: MetricSources;
  let metrics: Metrics;

  const begin = (wanted: readonly string[] = collectors) => {
    metrics = collectMetrics(wanted, sources);
  };
  const scrape = async () => new Scrape(await metrics.families.registry.metrics());
  const sum = async (collector: Collector, labels = {}) =>
    (await scrape()).sum(metricName(collector), labels);

  beforeEach(() => {
    sources = idleSources();
    sources.streams.sessions.exec = { open: 1, opened: 3 };
    const metadata = { name: "shop", namespace: "prod", uid: "u1", attempt: 0 };
    const pod = { id: "pod", phase: "ready", config: { metadata } };
    sources.sandboxes.add(pod as PodSandboxRecord);
  });
  afterEach(() => metrics.stop());

  it("count RPCs, their time and their errors", async () => {
    begin();
    for (let count = 0; count < 5; count++) await answer("Version");
    await answer("StopContainer", status.NOT_FOUND);
    await answer("GetContainerEvents", status.CANCELLED, true);
    const told = await scrape();
    const of = (collector: Collector, labels: Record<string, string>) =>
      told.sum(metricName(collector), labels);
    assert.equal(of("operations_total", { operation: "Version" }), 5);
    assert.equal(of("operations_errors_total", { operation: "Version" }), 0);
    assert.equal(of("operations_errors_total", { operation: "StopContainer" }), 1);
    assert.equal(of("operations_failed_total", { operation: "StopContainer", code: "NOT_FOUND" }), 1);
    const summary = metricName("operations_latency_seconds_total");
    assert.equal(told.types.get(summary), "summary");
    assert.equal(told.sum(`${summary}_count`, { operation: "Version" }), 5);
    const quantiles = told.series(summary, { operation: "Version" });
    assert.deepEqual(
      quantiles.map(({ labels }) => labels.quantile),
      ["0.5", "0.9", "0.99"],
    );
    for (const { value } of quantiles) assert.ok(value > 0 && value < 1, String(value));
    assert.ok(of("operations_latency_seconds", { operation: "Version" }) > 0);
    // For as long as a client stays is no latency.
    assert.equal(told.sum(`${summary}_count`, { operation: "GetContainerEvents" }), 0);
  });

  it("know what is being answered", async () => {
    begin();
    const { promise, resolve } = Promise.withResolvers<void>();
    const call = { service: "", method: "PullImage", streaming: false, metadata: new Metadata() };
    const answered = observeRpc(call, async () => {
      await promise;
      return { code: status.OK };
    });
    assert.equal(await sum("operations_running"), 1);
    resolve();
    await answered;
    assert.equal(await sum("operations_running"), 0);
  });

  it("count pulls, their bytes and what was here already", async () => {
    begin();
    const mediaType = "application/vnd.oci.image.layer.v1.tar+gzip";
    const layer = { digest: "sha256:1", mediaType, size: 2_000_000 };
    await observeStep("image.pull", { image: "docker.io/library/one:1" }, async (note) => {
      note({ layers: 3, reusedLayers: 2, reusedBytes: 500 });
      await observeStep("layer.unpack", { digest: "sha256:1" }, () =>
        observeStep("layer.download", { ...layer }, async (note) => note({ bytes: 2_000_000 })),
      );
    });
    const cut = observeStep("layer.download", { ...layer }, async (note) => {
      note({ bytes: 70 });
      throw new Error("cut off");
    });
    await assert.rejects(cut);
    const told = await scrape();
    const of = (collector: Collector, labels: Record<string, string> = {}) =>
      told.sum(metricName(collector), labels);
    assert.equal(of("image_pulls_bytes_total", { mediatype: mediaType, size: ">1 MiB" }), 2_000_070);
    assert.equal(of("image_pulls_skipped_bytes_total", { size: ">0 B" }), 500);
    assert.equal(of("image_layer_reuse_total", { name: "docker.io/library/one:1" }), 2);
    assert.equal(of("image_pulls_success_total"), 1);
    const sizes = metricName("image_pulls_layer_size");
    assert.deepEqual([told.sum(`${sizes}_count`), told.sum(`${sizes}_sum`)], [1, 2_000_000]);
    assert.equal(told.sum(`${sizes}_bucket`, { le: "1000000" }), 0);
    assert.equal(told.sum(`${sizes}_bucket`, { le: "10000000" }), 1);
    assert.equal(told.sum(`${metricName("image_pull_duration_seconds")}_count`), 1);
    assert.equal(told.sum(`${metricName("layer_unpack_duration_seconds")}_count`), 1);
  });

  it("tell images apart, but not without end", async () => {
    begin();
    for (let image = 0; image < 250; image++) {
      await observeStep("image.pull", { image: `i${image}` }, async (note) =>
        note({ reusedLayers: 1, reusedBytes: 1 }),
      );
    }
    const series = (await scrape()).series(metricName("image_layer_reuse_total"));
    assert.equal(series.length, 201);
    assert.equal(series.find(({ labels }) => labels.name === "other")?.value, 50);
  });

  it("say why pulls fail", async () => {
    begin();
    const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    const late = Object.assign(new Error("no connection"), { code: "ETIMEDOUT" });
    const causes: [unknown, string][] = [
      [new RegistryFailure("notFound", "MANIFEST_UNKNOWN: manifest unknown (404)"), "MANIFEST_UNKNOWN"],
      [new RegistryFailure("notFound", "not found (404)"), "NOT_FOUND"],
      [new RegistryFailure("unauthenticated", "answered 401"), "UNAUTHORIZED"],
      [new RegistryFailure("busy", "TOOMANYREQUESTS: slow down (429)"), "TOOMANYREQUESTS"],
      [new RegistryFailure("unreachable", "connect", { cause: refused }), "CONNECTION_REFUSED"],
      [new RegistryFailure("unreachable", "no connection", { cause: late }), "CONNECTION_TIMEOUT"],
      [new RegistryFailure("unreachable", "strange"), "UNKNOWN"],
    ];
    for (const [cause] of causes) {
      const failure = pullError(
        "x",
        new Map([[{ reference: { name: "x" } } as never, cause as RegistryFailure]]),
      );
      await assert.rejects(observeStep("image.pull", { image: "x" }, () => Promise.reject(failure)));
    }
    const full = new StatusError(status.RESOURCE_EXHAUSTED, "disk full");
    await assert.rejects(observeStep("image.pull", { image: "x" }, () => Promise.reject(full)));
    const wrong = new StatusError(status.DATA_LOSS, "image x: layer", {
      cause: new StatusError(status.DATA_LOSS, "layer: what the registry sent has another digest"),
    });
    await assert.rejects(observeStep("image.pull", { image: "x" }, () => Promise.reject(wrong)));
    const cut = new StatusError(status.UNAVAILABLE, "image x: layer", { cause: causes[4]![0] });
    await assert.rejects(observeStep("image.pull", { image: "x" }, () => Promise.reject(cut)));
    const series = (await scrape()).series(metricName("image_pulls_failure_total"));
    const counted = Object.fromEntries(series.map(({ labels, value }) => [labels.error, value]));
    assert.deepEqual(counted, {
      ...Object.fromEntries(causes.map(([, error]) => [error, 1])),
      CONNECTION_REFUSED: 2,
      DIGEST_INVALID: 1,
      UNKNOWN: 2,
    });
    assert.equal(await sum("image_pulls_success_total"), 0);
  });

  it("count plugins and runtimes by what they were told to do", async () => {
    begin();
    const add = { network: "n", plugin: "bridge", command: "ADD" };
    await observeStep("cni.plugin", add, async () => {});
    await assert.rejects(observeStep("cni.plugin", add, () => Promise.reject(new Error("no address"))));
    await observeStep("runtime.call", { handler: "runc", command: "start" }, async () => {});
    const told = await scrape();
    const labels = { plugin: "bridge", command: "ADD" };
    assert.equal(told.sum(`${metricName("cni_plugin_duration_seconds")}_count`, labels), 2);
    assert.equal(told.sum(metricName("cni_plugin_errors_total"), labels), 1);
    const calls = `${metricName("runtime_call_duration_seconds")}_count`;
    assert.equal(told.sum(calls, { handler: "runc", command: "start" }), 1);
    assert.equal(told.sum(metricName("runtime_call_errors_total")), 0);
  });

  it("count containers that ran out of memory once each, by name until they are removed", async () => {
    const { containers } = sources;
    // Its end was counted by the daemon before.
    const old = container("old", { phase: "exited", reason: "OOMKilled" });
    containers.add(old);
    begin();
    const [killed, done, lost] = ["killed", "done", "lost"].map((id) => container(id));
    for (const record of [killed!, done!, lost!]) containers.add(record);
    containers.update(killed!, { phase: "exited", reason: "OOMKilled" });
    containers.update(killed!, { process: null });
    containers.update(old, { process: null });
    containers.update(done!, { phase: "exited" });
    containers.update(lost!, { phase: "exited", reason: "Unknown" });
    const name = "k8s_web_shop_prod_u1_2";
    assert.equal(await sum("containers_oom_total"), 1);
    assert.equal(await sum("containers_oom_count_total", { name }), 1);
    assert.equal(await sum("containers_stopped_monitor_count", { name }), 1);
    assert.equal(await sum("containers", { phase: "exited" }), 4);
    assert.equal(await sum("containers", { phase: "running" }), 0);
    assert.equal(await sum("pods", { phase: "ready" }), 1);

    containers.update(killed!, { phase: "removing" });
    containers.delete(killed!);
    assert.deepEqual((await scrape()).series(metricName("containers_oom_count_total")), []);
    assert.equal(await sum("containers_oom_total"), 1);
    assert.equal(await sum("containers"), 3);
  });

  it("count sessions, as the streaming server does", async () => {
    begin();
    assert.equal(await sum("streams_open", { kind: "exec" }), 1);
    assert.equal(await sum("streams_total", { kind: "exec" }), 3);
    sources.streams.sessions.exec = { open: 0, opened: 4 };
    assert.equal(await sum("streams_open", { kind: "exec" }), 0);
    assert.equal(await sum("streams_total", { kind: "exec" }), 4);
  });

  it("tell what recovery did, who asked twice, what events were lost, and how long CNI took", async () => {
    begin();
    await observeStep("recovery", {}, async (note) => {
      note({ sandboxes: { adopted: 3, ended: 1, removed: 0 } });
    });
    tellIncident("creation.joined", { stage: "sandbox creating" });
    tellIncident("events.dropped", { count: 7 });
    await observeStep("lock.wait", { key: "pod" }, async () => {});
    tellIncident("pod.attached", { durationMs: 40 });
    assert.equal(await sum("recovered", { kind: "sandboxes", outcome: "adopted" }), 3);
    assert.equal(await sum("recovered", { kind: "sandboxes" }), 4);
    assert.ok((await sum("recovery_duration_seconds")) > 0);
    assert.equal(await sum("resources_stalled_at_stage", { stage: "sandbox creating" }), 1);
    assert.equal(await sum("containers_events_dropped_total"), 7);
    const waits = `${metricName("lock_wait_duration_seconds")}_count`;
    assert.equal((await scrape()).sum(waits), 1);
    assert.equal(await sum("operations_latency_seconds", { operation: "network_setup_pod" }), 0.04);
  });

  it("see that the event loop is busy, and late", async () => {
    begin();
    const before = await sum("event_loop_active_seconds_total");
    // The first look at the clock is only the beginning.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const until = performance.now() + 150;
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const late = await sum("event_loop_lag_seconds", { statistic: "max" });
    assert.ok(late > 0.1 && late < 10, String(late));
    assert.ok((await sum("event_loop_active_seconds_total")) - before > 0.1);
  });

  it("name the default runtime, count zombies, and tell of the process", async () => {
    begin();
    const told = await scrape();
    assert.equal(told.sum(metricName("default_runtime"), { runtime: "runc" }), 1);
    assert.equal(told.series(metricName("processes_defunct")).length, 1);
    assert.ok(told.sum("process_resident_memory_bytes") > 1e7);
    assert.ok(told.sum("process_cpu_seconds_total") > 0);
    assert.ok(told.sum("process_open_fds") > 2);
  });

  it("are those that are wanted, and those of the process", async () => {
    begin(["operations_total", ""]);
    await answer("Version", status.INTERNAL);
    const names = (await scrape()).names.filter((name) => !/^(process|nodejs)_/.test(name));
    assert.deepEqual(names, ["container_runtime_crio_operations_total"]);
  });

  it("end their counting", async () => {
    begin();
    metrics.stop();
    await answer("Version");
    assert.equal(await sum("operations_total"), 0);
  });
});
