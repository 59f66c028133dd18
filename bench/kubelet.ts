/** How long pods take to start as a kubelet sees it: `kubelet_pod_start_sli_duration_seconds`, with the image there. */
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CriClient } from "../src/client/cri-client.ts";
import { APISERVER, ETCD, KUBELET } from "../test/cluster/node/programs.ts";
import { ApiPod, PODS } from "../test/kubelet/node/api-pods.ts";
import { ApiServer } from "../test/kubelet/node/api-server.ts";
import { makeCgroupRoot, removeSlice } from "../test/kubelet/node/cgroup-root.ts";
import { Kubelet } from "../test/kubelet/node/kubelet.ts";
import type { Pod } from "../test/kubelet/node/kubernetes.ts";
import { BUSYBOX } from "../test/support/configs.ts";
import { removeAllPods } from "../test/support/cri.ts";
import { Scrape } from "../test/support/prometheus-text.ts";
import { SLOW } from "../test/support/slow.ts";
import { sweep } from "../test/support/sweep.ts";
import type { Runtime } from "./runtimes.ts";

const METRIC = "kubelet_pod_start_sli_duration_seconds_count";
const NS_PER_S = 1e9;

/** The first of the programs that `scripts/setup --kubelet` has not built or fetched. */
export function missingForKubelets(): string | undefined {
  return [KUBELET, APISERVER, ETCD].find((path) => !existsSync(path));
}

/** The kubelets of a benchmark, one on each runtime, and the API server that gives them pods. */
export class MeasuredKubelets {
  readonly #kubelets = new Map<Runtime, MeasuredKubelet>();
  #folder = "";
  #server: ApiServer | undefined;

  /** The kubelet on the runtime; starts what is not there. */
  async of(runtime: Runtime): Promise<MeasuredKubelet> {
    this.#folder ||= await mkdtemp(join(tmpdir(), "critter-bench-kubelet-"));
    this.#server ??= await ApiServer.start(join(this.#folder, "api"));
    const known = this.#kubelets.get(runtime);
    if (known) return known;
    const kubelet = await MeasuredKubelet.start(runtime, this.#server, join(this.#folder, runtime.name));
    this.#kubelets.set(runtime, kubelet);
    return kubelet;
  }

  /** Ends all; the runtimes keep nothing of them. */
  async stop(): Promise<void> {
    for (const kubelet of this.#kubelets.values()) await kubelet.stop();
    this.#kubelets.clear();
    await this.#server?.stop();
    this.#server = undefined;
    if (this.#folder) await sweep(this.#folder);
    this.#folder = "";
  }
}

class MeasuredKubelet {
  readonly #server: ApiServer;
  readonly #kubelet: Kubelet;
  readonly #runtime: Runtime;
  readonly #cgroup: string;
  /** All pods so far. */
  #started = 0;

  private constructor(server: ApiServer, kubelet: Kubelet, runtime: Runtime, cgroup: string) {
    this.#server = server;
    this.#kubelet = kubelet;
    this.#runtime = runtime;
    this.#cgroup = cgroup;
  }

  /** Starts it, and runs one pod to its end: images, the bridge and what else only the first pod makes. */
  static async start(runtime: Runtime, server: ApiServer, folder: string): Promise<MeasuredKubelet> {
    const { name, socket, cgroupParent } = runtime;
    using client = new CriClient(socket);
    await client.image.PullImage({ image: { image: BUSYBOX } });
    await mkdir(folder);
    const cgroup = `${cgroupParent}-${name}`;
    const kubelet = await Kubelet.start({
      folder,
      socket,
      nodeName: name,
      cgroupRoot: await makeCgroupRoot(cgroup),
      args: ["--kubeconfig", server.kubeconfig],
      // As kubelets are by default.
      config: { featureGates: { PodAndContainerStatsFromCRI: false } },
    });
    const measured = new MeasuredKubelet(server, kubelet, runtime, cgroup);
    await measured.startPods(1);
    return measured;
  }

  /** Starts pods at once, and removes them; answers what the kubelet observed of each, in ns. */
  async startPods(count: number): Promise<number[]> {
    const running = new Set<string>();
    const own = `${PODS}?fieldSelector=spec.nodeName=${this.#kubelet.nodeName}`;
    using _ = this.#server.watch<Pod>(own, ({ metadata, status }) => {
      if (status.phase === "Running") running.add(metadata.name);
    });
    // The API's times of creation are whole seconds, and the kubelet counts from there.
    await sleep(1000 - (Date.now() % 1000));
    const pods = await Promise.all(Array.from({ length: count }, () => this.#createPod()));
    const observed = await Promise.all(pods.map((pod) => this.#observed(pod, running)));
    await Promise.all(pods.map((pod) => pod.remove()));
    const scrape = new Scrape(await this.#kubelet.api.get("/metrics"));
    this.#started += count;
    if (scrape.sum(METRIC) !== this.#started)
      throw new Error(`${METRIC} is ${scrape.sum(METRIC)} after ${this.#started} pods`);
    return observed;
  }

  #createPod(): Promise<ApiPod> {
    const containers = [{ name: "main" }];
    return ApiPod.create(this.#server, this.#kubelet.nodeName, "measured", { containers });
  }

  /**
   * The value of a pod that went into the metric, which itself has no more than the sum. The kubelet observes a start at the first event of
   * the pod after it has heard of its own status' success, which the event of that status overtakes here: so there is another one.
   */
  async #observed(pod: ApiPod, running: ReadonlySet<string>): Promise<number> {
    const line = new RegExp(
      `"Observed pod startup duration" pod="default/${pod.name}" podStartSLOduration=([\\d.]+)`,
    );
    const end = Date.now() + 60_000 * SLOW;
    while (Date.now() < end) {
      await sleep(10);
      if (!running.has(pod.name)) continue;
      const found = line.exec(readFileSync(this.#kubelet.logFile, "utf8"));
      if (found) return Number(found[1]) * NS_PER_S;
      await pod.touch();
    }
    throw new Error(`the kubelet has not observed the start of ${pod.name}`);
  }

  async stop(): Promise<void> {
    using client = new CriClient(this.#runtime.socket);
    await this.#kubelet.dispose();
    await removeAllPods(client);
    await removeSlice(this.#cgroup);
  }
}
