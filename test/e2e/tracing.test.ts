import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import { type Daemon, testRuntime } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { type CollectedSpan, OtlpCollector } from "../support/otlp-collector.ts";
import { podConfigFor, removePod } from "../support/pods.ts";
import { suite } from "../support/suite.ts";
import { type ClientSpan, clientSpan, tracedCall } from "../support/traced-call.ts";

const runtimeService = "runtime.v1.RuntimeService";

/** A suite whose daemon traces at `rate`, and its collector. */
function tracingSuite(rate: number) {
  const collector = new OtlpCollector();
  const tracing = { enable_tracing: true, tracing_endpoint: "", tracing_sampling_rate_per_million: rate };
  before(async () => {
    tracing.tracing_endpoint = await collector.listen();
  });
  after(() => collector.stop());
  return { collector, parts: suite({ settings: { "crio.tracing": tracing } }) };
}

/** The spans of a trace, once that of its RPC, which ends last, has come. */
async function traceOf(collector: OtlpCollector, client: ClientSpan): Promise<CollectedSpan[]> {
  return eventually(() => {
    const spans = collector.trace(client.traceId);
    assert.ok(spans.some(({ parentSpanId }) => parentSpanId === client.spanId));
    return spans;
  }, 10);
}

function logOf({ folder }: Daemon): string[] {
  return readFileSync(join(folder, "critter.log"), "utf8").split("\n");
}

function rpcOf(spans: CollectedSpan[]): CollectedSpan {
  return spans.find(({ kind }) => kind === "SPAN_KIND_SERVER")!;
}

function childrenOf(spans: CollectedSpan[], parent: CollectedSpan): CollectedSpan[] {
  return spans.filter(({ parentSpanId }) => parentSpanId === parent.spanId);
}

function names(spans: CollectedSpan[]): string[] {
  return spans.map(({ name }) => name).toSorted();
}

function assertWithin(inner: CollectedSpan, outer: CollectedSpan): void {
  assert.ok(inner.startTimeUnixNano >= outer.startTimeUnixNano, `${inner.name} begins within ${outer.name}`);
  assert.ok(inner.endTimeUnixNano <= outer.endTimeUnixNano, `${inner.name} ends within ${outer.name}`);
}

describe("a rate of 0", () => {
  const { collector, parts } = tracingSuite(0);

  async function call<Response>(name: string, request: object, client: ClientSpan): Promise<Response> {
    return tracedCall(parts.daemon.socket, name, request, client);
  }

  it("RunPodSandbox is a span of the kubelet's trace, with one for each CNI plugin and runtime call", async () => {
    const { daemon } = parts;
    const client = clientSpan();
    const config = podConfigFor(daemon);
    const { podSandboxId } = await call<{ podSandboxId: string }>("RunPodSandbox", { config }, client);
    await removePod(daemon, podSandboxId);
    const spans = await traceOf(collector, client);
    const rpc = rpcOf(spans);
    assert.equal(rpc.name, `${runtimeService}/RunPodSandbox`);
    assert.equal(rpc.parentSpanId, client.spanId);
    assert.equal(rpc.traceState, "vendor=value");
    assert.equal(rpc.status.code, "STATUS_CODE_UNSET");
    const { "request.id": requestId, ...attributes } = rpc.attributes;
    assert.deepEqual(attributes, {
      "rpc.system": "grpc",
      "rpc.service": runtimeService,
      "rpc.method": "RunPodSandbox",
      "rpc.grpc.status_code": "0",
      "k8s.pod.name": config.metadata?.name,
      "k8s.namespace.name": config.metadata?.namespace,
      "pod_sandbox.id": podSandboxId,
    });
    assert.ok(
      logOf(daemon).some((line) => line.includes(client.traceId) && line.includes(String(requestId))),
    );
    assert.equal(rpc.resource["service.name"], "critter");
    assert.equal(rpc.resource["host.name"], hostname());
    assert.match(String(rpc.resource["service.version"]), /^\d+\.\d+/);

    const steps = childrenOf(spans, rpc);
    const runtime = [`${testRuntime} create`, `${testRuntime} start`];
    const others = ["cni ADD bridge", "cni ADD portmap", "make namespaces"];
    assert.deepEqual(names(steps), [...others, ...runtime].toSorted());
    for (const step of steps) assertWithin(step, rpc);
    const bridge = steps.find(({ name }) => name === "cni ADD bridge")!;
    assert.deepEqual(bridge.attributes, {
      "cni.network": daemon.network.name,
      "cni.plugin": "bridge",
      "cni.command": "ADD",
      "cni.container_id": podSandboxId,
    });
    const create = steps.find(({ name }) => name === `${testRuntime} create`)!;
    assert.equal(create.attributes["container.id"], podSandboxId);
  });

  it("PullImage has the pull, its layers' unpacking and their downloads; what is here already has none", async () => {
    const spec = { image: { image: "registry.k8s.io/e2e-test-images/nginx:1.14-2" } };
    const [first, second] = [clientSpan(), clientSpan()];
    const { imageRef } = await call<{ imageRef: string }>("PullImage", spec, first);
    const spans = await traceOf(collector, first);
    const [pull] = childrenOf(spans, rpcOf(spans));
    assert.equal(pull?.name, "pull image");
    assert.equal(pull.attributes["container.image.name"], spec.image.image);
    assert.equal(pull.attributes["container.image.id"], imageRef);
    const steps = childrenOf(spans, pull);
    const unpacked = steps.filter(({ name }) => name === "unpack layer");
    const fresh = Number(pull.attributes["image.layers"]) - Number(pull.attributes["image.reused_layers"]);
    assert.ok(fresh > 0);
    assert.equal(unpacked.length, fresh);
    assert.deepEqual(names(steps), ["resolve image", ...names(unpacked)]);
    for (const unpack of unpacked) {
      const [download, ...others] = childrenOf(spans, unpack);
      assert.deepEqual(others, []);
      assert.equal(download?.name, "download layer");
      assert.equal(download.attributes["layer.digest"], unpack.attributes["layer.digest"]);
      assert.match(String(download.attributes["layer.media_type"]), /tar/);
      assert.equal(download.attributes["layer.downloaded_bytes"], download.attributes["layer.size"]);
      assertWithin(download, unpack);
      assert.ok(Number(unpack.attributes["layer.disk_bytes"]) > 0);
    }

    await call("PullImage", spec, second);
    const again = await traceOf(collector, second);
    const [repeated] = childrenOf(again, rpcOf(again));
    assert.equal(repeated?.attributes["image.reused_layers"], pull.attributes["image.layers"]);
    assert.deepEqual(names(childrenOf(again, repeated!)), ["resolve image"]);
    await parts.daemon.client.image.RemoveImage(spec);
  });

  it("what fails has its code, and an error where it is not the client's", async () => {
    const missing = clientSpan();
    await assert.rejects(call("ContainerStatus", { containerId: "none" }, missing));
    const refused = rpcOf(await traceOf(collector, missing));
    assert.equal(refused.attributes["rpc.grpc.status_code"], String(status.NOT_FOUND));
    assert.equal(refused.status.code, "STATUS_CODE_UNSET");

    const failing = clientSpan();
    await assert.rejects(call("PullImage", { image: { image: "127.0.0.1:1/nowhere:1" } }, failing));
    const spans = await traceOf(collector, failing);
    const rpc = rpcOf(spans);
    assert.equal(rpc.attributes["rpc.grpc.status_code"], String(status.UNKNOWN));
    assert.equal(rpc.status.code, "STATUS_CODE_ERROR");
    assert.match(rpc.status.message, /RegistryUnavailable/);
    const [pull] = childrenOf(spans, rpc);
    assert.equal(pull?.status.code, "STATUS_CODE_ERROR");
    assert.match(pull.status.message, /127\.0\.0\.1:1/);
  });

  it("nothing is exported of RPCs that come without a trace, or with one that is not sampled", async () => {
    const [unsampled, sampled] = [clientSpan({ sampled: false }), clientSpan()];
    await parts.daemon.client.runtime.Version();
    await call("Version", {}, unsampled);
    await call("Version", {}, sampled);
    await traceOf(collector, sampled);
    const versions = collector.spans.filter(({ attributes }) => attributes["rpc.method"] === "Version");
    assert.deepEqual(versions, collector.trace(sampled.traceId));
    assert.deepEqual(collector.trace(unsampled.traceId), []);
  });
});

describe("a rate of 1000000", () => {
  const { collector, parts } = tracingSuite(1_000_000);

  it("an RPC without a trace begins one; what the client does not sample stays out", async () => {
    const client = clientSpan({ sampled: false });
    await tracedCall(parts.daemon.socket, "ListImages", {}, client);
    await parts.daemon.client.image.ImageFsInfo({});
    const rpc = await eventually(() => {
      const span = collector.spans.find(({ name }) => name.endsWith("/ImageFsInfo"));
      assert.ok(span);
      return span;
    });
    assert.equal(rpc.parentSpanId, "");
    assert.deepEqual(collector.trace(client.traceId), []);
  });

  it("the end of the daemon exports what there is, and its next start what recovery did", async () => {
    const { daemon } = parts;
    await using pod = await livePod(daemon);
    const containerId = await pod.run();
    await daemon.client.runtime.ContainerStatus({ containerId });
    assert.equal(await daemon.stop(), 0);
    const isStatus = ({ attributes }: CollectedSpan) => attributes["rpc.method"] === "ContainerStatus";
    assert.ok(collector.spans.some(isStatus));
    collector.spans.length = 0;
    await daemon.start();
    const recovery = await eventually(() => {
      const span = collector.spans.find(({ name }) => name === "recover");
      assert.ok(span);
      return span;
    });
    assert.equal(recovery.parentSpanId, "");
    assert.equal(recovery.attributes["recovery.sandboxes.adopted"], "1");
    assert.equal(recovery.attributes["recovery.containers.adopted"], "1");
  });

  for (const fault of ["down", "hanging"] as const) {
    it(`a collector that is ${fault} changes nothing for pods, and does not hold up the end`, async (t) => {
      const { daemon } = parts;
      const broken = new OtlpCollector(fault);
      t.after(() => broken.stop());
      const restart = async (from: string, to: string) => {
        const config = readFileSync(daemon.configFile, "utf8");
        writeFileSync(daemon.configFile, config.replace(from, to));
        await daemon.stop();
        await daemon.start();
      };
      const endpoint = await broken.listen();
      await restart(collector.address, endpoint);
      const begin = logOf(daemon).length;
      for (let count = 0; count < 2; count++) {
        await using pod = await livePod(daemon);
        await pod.run();
      }
      assert.equal(await daemon.stop(), 0);
      const lines = logOf(daemon).slice(begin);
      const told = (message: string) => lines.filter((line) => line.includes(message)).length;
      assert.ok(told("traces cannot be exported") <= 1);
      assert.equal(told("spans were lost"), 1);
      await restart(endpoint, collector.address);
    });
  }
});
