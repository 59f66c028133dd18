import assert from "node:assert/strict";
import { once } from "node:events";
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { metricName } from "../../src/config/metrics-keys.ts";
import { type CertificateFiles, certify } from "../registry/certificates.ts";
import { StreamClient } from "../stream-client/client.ts";
import { BUSYBOX } from "../support/configs.ts";
import { outcome } from "../support/cri.ts";
import { startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { get, metricsSettings, metricsUrl, scrape } from "../support/metrics.ts";
import { podConfigFor, removePod } from "../support/pods.ts";
import type { Scrape } from "../support/prometheus-text.ts";
import { suite } from "../support/suite.ts";

/** All its layers but the last are busybox's. */
const OTHER = "gcr.io/k8s-staging-cri-tools/test-image-2:latest";

interface Layer {
  mediaType: string;
  size: number;
  digest: string;
}

interface Manifest {
  layers: Layer[];
  manifests?: { digest: string; platform?: { architecture: string } }[];
}

describe("the metrics of a daemon at work", () => {
  const parts = suite({ settings: { "crio.metrics": metricsSettings } });

  /** What `work` adds to the sum of a metric with these labels. */
  async function during<T>(
    work: () => Promise<T>,
  ): Promise<(name: string, labels?: Record<string, string>) => number> {
    const before = await scrape(parts.daemon);
    await work();
    const after = await scrape(parts.daemon);
    return (name, labels) => after.sum(name, labels) - before.sum(name, labels);
  }

  /** Of the image for this machine. */
  async function layersOf(image: string): Promise<Layer[]> {
    const [, repository, tag] = /^(.*):([^:]+)$/.exec(image) ?? [];
    const { manifests } = await manifestOf(`${repository}/manifests/${tag}`);
    const own = manifests?.find(({ platform }) => platform?.architecture === "amd64");
    const { layers } = await manifestOf(`${repository}/manifests/${own?.digest ?? tag}`);
    return layers;
  }

  async function manifestOf(path: string): Promise<Manifest> {
    const kinds = ["oci.image.manifest.v1", "oci.image.index.v1", "docker.distribution.manifest.v2"];
    const accept = [...kinds, "docker.distribution.manifest.list.v2"].map(
      (kind) => `application/vnd.${kind}+json`,
    );
    const url = `http://${parts.registry.address}/v2/${path}`;
    return JSON.parse((await get(url, { headers: { accept: accept.join(", ") } })).text);
  }

  it("count RPCs and those that fail", async () => {
    const { runtime, image } = parts.daemon.client;
    const added = await during(async () => {
      for (let count = 0; count < 7; count++) await runtime.Version({});
      for (let count = 0; count < 3; count++) {
        assert.equal(await outcome(runtime.ContainerStatus({ containerId: "none" })), "NOT_FOUND");
      }
      await image.ListImages({});
    });
    const total = metricName("operations_total");
    assert.equal(added(total, { operation: "Version" }), 7);
    assert.equal(added(total, { operation: "ContainerStatus" }), 3);
    assert.equal(added(total, { operation: "ListImages" }), 1);
    assert.equal(added(total), 11);
    assert.equal(added(metricName("operations_errors_total"), { operation: "ContainerStatus" }), 3);
    assert.equal(added(metricName("operations_errors_total")), 3);
    const failed = { operation: "ContainerStatus", code: "NOT_FOUND" };
    assert.equal(added(metricName("operations_failed_total"), failed), 3);
    const latencies = metricName("operations_latency_seconds_total");
    assert.equal(added(`${latencies}_count`, { operation: "Version" }), 7);
    assert.ok(added(`${latencies}_sum`, { operation: "Version" }) > 0);
  });

  it("count the bytes of a pull, and the layers that another image had", async () => {
    const { image } = parts.daemon.client;
    const [known, wanted] = await Promise.all([layersOf(BUSYBOX), layersOf(OTHER)]);
    const isKnown = ({ digest }: Layer) => known.some((layer) => layer.digest === digest);
    const fresh = wanted.filter((layer) => !isKnown(layer));
    const reused = wanted.filter(isKnown);
    assert.ok(fresh.length > 0 && reused.length > 0);
    const bytesOf = (layers: Layer[]) => layers.reduce((bytes, { size }) => bytes + size, 0);
    const pulled = await during(() => image.PullImage({ image: { image: OTHER } }));
    const mediatype = fresh[0]!.mediaType;
    assert.equal(pulled(metricName("image_pulls_bytes_total"), { mediatype }), bytesOf(fresh));
    assert.equal(pulled(metricName("image_pulls_skipped_bytes_total")), bytesOf(reused));
    assert.equal(pulled(metricName("image_layer_reuse_total"), { name: OTHER }), reused.length);
    assert.equal(pulled(metricName("image_pulls_success_total")), 1);
    const sizes = metricName("image_pulls_layer_size");
    assert.equal(pulled(`${sizes}_count`), fresh.length);
    assert.equal(pulled(`${sizes}_sum`), bytesOf(fresh));

    const again = await during(() => image.PullImage({ image: { image: OTHER } }));
    assert.equal(again(metricName("image_pulls_bytes_total")), 0);
    assert.equal(again(metricName("image_pulls_skipped_bytes_total")), bytesOf(wanted));
    assert.equal(again(metricName("image_pulls_success_total")), 1);
    await image.RemoveImage({ image: { image: OTHER } });
  });

  it("say why a pull failed", async () => {
    const { image } = parts.daemon.client;
    const added = await during(async () => {
      await assert.rejects(image.PullImage({ image: { image: "registry.k8s.io/pause:never" } }));
    });
    assert.equal(added(metricName("image_pulls_failure_total"), { error: "MANIFEST_UNKNOWN" }), 1);
    assert.equal(added(metricName("image_pulls_failure_total")), 1);
    assert.equal(added(metricName("image_pulls_success_total")), 0);
  });

  it("tell how often and how long plugins and the runtime ran, and how many pods there are", async () => {
    const { daemon } = parts;
    let within: Scrape | undefined;
    const added = await during(async () => {
      await using pod = await livePod(daemon);
      await pod.run();
      within = await scrape(daemon);
    });
    assert.equal(within?.sum(metricName("pods"), { phase: "ready" }), 1);
    const latency = metricName("operations_latency_seconds");
    assert.ok(within.sum(latency, { operation: "network_setup_overall" }) > 0);
    assert.equal(within?.sum(metricName("containers"), { phase: "running" }), 1);
    const plugins = metricName("cni_plugin_duration_seconds");
    for (const plugin of ["bridge", "portmap"]) {
      assert.equal(added(`${plugins}_count`, { plugin, command: "ADD" }), 1, plugin);
      assert.equal(added(`${plugins}_count`, { plugin, command: "DEL" }), 1, plugin);
      assert.ok(added(`${plugins}_sum`, { plugin, command: "ADD" }) > 0);
    }
    assert.equal(added(metricName("cni_plugin_errors_total")), 0);
    const calls = `${metricName("runtime_call_duration_seconds")}_count`;
    assert.equal(added(calls, { command: "create" }), 2);
    assert.equal(added(calls, { command: "start" }), 2);
    assert.equal((await scrape(daemon)).sum(metricName("pods")), 0);
  });

  it("count a container that runs out of memory, by name until it is removed", async () => {
    const { daemon } = parts;
    const oomByName = metricName("containers_oom_count_total");
    const added = await during(async () => {
      await using pod = await livePod(daemon);
      const metadata = { name: "glutton", attempt: 3 };
      const { reason } = await pod.finish({
        metadata,
        command: ["sh", "-c", "x=x; while true; do x=$x$x; done"],
        linux: { resources: { memoryLimitInBytes: 32 << 20 } },
      });
      assert.equal(reason, "OOMKilled");
      await pod.finish({ command: ["false"] });
      const { name, namespace, uid } = pod.config.metadata!;
      const label = { name: `k8s_glutton_${name}_${namespace}_${uid}_3` };
      assert.equal((await scrape(daemon)).sum(oomByName, label), 1);
    });
    assert.equal(added(metricName("containers_oom_total")), 1);
    assert.deepEqual((await scrape(daemon)).series(oomByName), []);
  });

  it("count an exec while its client is there, and no longer", async () => {
    const { daemon } = parts;
    await using pod = await livePod(daemon);
    const containerId = await pod.run();
    const open = async () => (await scrape(daemon)).sum(metricName("streams_open"), { kind: "exec" });
    const opened = await during(async () => {
      assert.equal(await open(), 0);
      const client = new StreamClient(daemon.socket, "exec", "-i", containerId, "cat");
      await eventually(async () => assert.equal(await open(), 1));
      client.stdin.end();
      await client.ended;
      await eventually(async () => assert.equal(await open(), 0));
    });
    assert.equal(opened(metricName("streams_total"), { kind: "exec" }), 1);
    assert.equal(opened(metricName("streams_total")), 1);
  });

  it("count who asks again for a pod that is being made", async () => {
    const { daemon } = parts;
    const config = podConfigFor(daemon);
    let id = "";
    const added = await during(async () => {
      const calls = [1, 2, 3].map(() => daemon.client.runtime.RunPodSandbox({ config }));
      const answers = await Promise.all(calls);
      id = answers[0]!.podSandboxId;
    });
    assert.equal(added(metricName("resources_stalled_at_stage"), { stage: "sandbox creating" }), 2);
    await removePod(daemon, id);
  });

  it("tell of the process what the kernel tells", async () => {
    const told = await scrape(parts.daemon);
    const status = readFileSync(`/proc/${parts.daemon.pid}/status`, "utf8");
    const resident = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024;
    const difference = Math.abs(told.sum("process_resident_memory_bytes") - resident);
    assert.ok(difference < 32 << 20, String(difference));
    assert.ok(told.sum("process_open_fds") > 10);
    assert.ok(told.sum(metricName("event_loop_active_seconds_total")) > 0.1);
    const lag = metricName("event_loop_lag_seconds");
    assert.deepEqual(
      told.series(lag).map(({ labels }) => labels.statistic),
      ["mean", "p50", "p99", "max"],
    );
  });

  it("tell what a daemon found that was killed and started again", async () => {
    const { daemon } = parts;
    await using pod = await livePod(daemon);
    const running = await pod.run();
    const mounts = [{ hostPath: daemon.folder, containerPath: "/shared" }];
    const waits = "while [ ! -e /shared/go ]; do sleep 0.1; done";
    const ending = await pod.run({ command: ["sh", "-c", waits], mounts });
    const leaving = daemon.client.runtime.ExecSync({
      containerId: running,
      cmd: ["sleep", "7011"],
      timeout: 0,
    });
    leaving.catch(() => {});
    await eventually(async () => {
      const { stdout } = await daemon.client.runtime.ExecSync({
        containerId: running,
        cmd: ["ps"],
        timeout: 10,
      });
      assert.match(stdout.toString(), /sleep 7011/);
    }, 20);
    await daemon.kill();
    writeFileSync(join(daemon.folder, "go"), "");
    const exits = join(daemon.folder, "runroot", "exits");
    await eventually(() => assert.ok(readdirSync(exits).includes(ending)), 20);
    await daemon.start();
    const told = await scrape(daemon);
    const found = (kind: string, result: string) =>
      told.sum(metricName("recovered"), { kind, outcome: result });
    assert.deepEqual([found("sandboxes", "adopted"), found("containers", "adopted")], [1, 1]);
    assert.deepEqual([found("containers", "ended"), found("execs", "ended")], [1, 1]);
    assert.ok(told.sum(metricName("recovery_duration_seconds")) > 0);
  });
});

describe("the metrics server of a daemon", () => {
  const socketPath = join(tmpdir(), `critter-metrics-${process.pid}.sock`);

  it("listens at a socket of mode 0660 too, and answers with what is wanted", async () => {
    const metrics_collectors = ["operations_total", "container_runtime_crio_processes_defunct"];
    const settings = { ...metricsSettings, metrics_socket: socketPath, metrics_collectors };
    await using daemon = await startDaemon({ settings: { "crio.metrics": settings } });
    assert.equal(statSync(socketPath).mode & 0o777, 0o660);
    assert.equal(listeners(daemon.pid), 2);
    const told = await scrape(daemon, { socketPath });
    const names = told.names.filter((name) => name.startsWith("container_runtime_"));
    assert.deepEqual(names, [metricName("operations_total"), metricName("processes_defunct")]);
    assert.equal(await daemon.stop(), 0);
    assert.throws(() => statSync(socketPath), { code: "ENOENT" });
  });

  it("is not there unless it is wanted", async () => {
    await using daemon = await startDaemon({ settings: { "crio.metrics": { metrics_port: 0 } } });
    assert.equal(metricsUrl(daemon), undefined);
    assert.equal(listeners(daemon.pid), 1);
  });

  it("keeps a daemon from starting whose port is another's, and leaves nothing then", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const settings = { enable_metrics: true, metrics_port: port, metrics_socket: socketPath };
    await assert.rejects(
      startDaemon({ settings: { "crio.metrics": settings } }),
      new RegExp(`crio.metrics.metrics_port is ${port}, they must be .* free: .*EADDRINUSE`),
    );
    assert.throws(() => statSync(socketPath), { code: "ENOENT" });
    taken.close();
  });

  it("speaks TLS where it has a certificate, and shows the one that takes its place", async () => {
    const folder = mkdtempSync(join(tmpdir(), "critter-metrics-tls-"));
    try {
      const [first, second] = [certify(folder, "first"), certify(folder, "second")];
      const pair = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
      const put = ({ cert, key }: CertificateFiles) => {
        copyFileSync(cert, pair.cert);
        copyFileSync(key, pair.key);
      };
      put(first);
      const settings = { ...metricsSettings, metrics_cert: pair.cert, metrics_key: pair.key };
      await using daemon = await startDaemon({ settings: { "crio.metrics": settings } });
      assert.match(metricsUrl(daemon) ?? "", /^https:/);
      const trusting = (files: CertificateFiles) => ({ ca: readFileSync(files.cert) });
      assert.ok((await scrape(daemon, trusting(first))).sum("process_cpu_seconds_total") > 0);
      await assert.rejects(scrape(daemon, trusting(second)));
      put(second);
      await eventually(() => scrape(daemon, trusting(second)), 20);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** How many TCP ports a process listens on. */
function listeners(pid: number): number {
  const sockets = readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
  const tables = ["tcp", "tcp6"].map((name) => readFileSync(`/proc/${pid}/net/${name}`, "utf8"));
  const rows = tables
    .join("\n")
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  return rows.filter(
    ([, , , state, , , , , , inode]) => state === "0A" && sockets.includes(`socket:[${inode}]`),
  ).length;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
