/** Debian's containerd as a child in the foreground, everything of it below one folder: `node bench/containerd.ts`. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CriClient } from "../src/client/cri-client.ts";
import { ensureImages, storeFolder } from "../test/images/store.ts";
import { writeHostsToml } from "../test/registry/mirrors.ts";
import { Registry } from "../test/registry/registry.ts";
import { Child } from "../test/support/child.ts";
import { removeAllPods, waitUntilServing } from "../test/support/cri.ts";
import { CNI_BIN_DIR, createNetwork, removeNetwork, type TestNetwork } from "../test/support/network.ts";
import { sweep } from "../test/support/sweep.ts";
import { makeTmpfs } from "../test/support/tmpfs.ts";
import { containerdPrograms } from "./containerd-package.ts";

/** A containerd under test. `stop` removes its pods, ends it and leaves nothing. */
export interface Containerd {
  socket: string;
  readonly pid: number;
  /** Temporary folder with its root, state, configuration and log (`containerd.log`). */
  folder: string;
  network: TestNetwork;
  /** Ends the daemon with SIGKILL. */
  kill(): Promise<void>;
  /** Starts the daemon's process again. The promise rejects when that ends. */
  launch(): Promise<never>;
  stop(): Promise<void>;
}

/** Starts containerd with its images mirrored at `registry` (host:port) and waits until the CRI answers. */
export async function startContainerd(registry: string): Promise<Containerd> {
  const programs = await containerdPrograms();
  const folder = await mkdtemp(join(tmpdir(), "critter-containerd-"));
  const network = await createNetwork(folder, "ctrd");
  const certs = await writeHostsToml(folder, registry);
  const socket = join(folder, "state", "containerd.sock");
  makeTmpfs(join(folder, "state"));
  await writeFile(join(folder, "config.toml"), configuration(folder, socket, network, certs));
  const start = () =>
    new Child(join(programs, "containerd"), ["--config", join(folder, "config.toml")], {
      log: join(folder, "containerd.log"),
      env: { ...process.env, PATH: `${programs}:${process.env.PATH}` },
    });
  let child = start();
  const stop = () => stopContainerd(child, socket, folder, network);
  try {
    using client = new CriClient(socket);
    await waitUntilServing(client, 30, child.gone);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    socket,
    get pid() {
      return child.pid;
    },
    folder,
    network,
    kill: async () => void (await child.end("SIGKILL")),
    launch() {
      child = start();
      return child.gone;
    },
    stop,
  };
}

function configuration(folder: string, socket: string, network: TestNetwork, certs: string): string {
  const unused = ["aufs", "btrfs", "devmapper", "zfs"].map(
    (name) => `"io.containerd.snapshotter.v1.${name}"`,
  );
  return `version = 2
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = [${unused.join(", ")}]

[grpc]
address = "${socket}"

[plugins."io.containerd.internal.v1.opt"]
path = "${folder}/opt"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "registry.k8s.io/pause:3.10.1"
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "${CNI_BIN_DIR}"
conf_dir = "${network.confDir}"

[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "${certs}"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = "/usr/sbin/runc"
Root = "${folder}/state/runc"
SystemdCgroup = false
`;
}

async function stopContainerd(
  child: Child,
  socket: string,
  folder: string,
  network: TestNetwork,
): Promise<void> {
  if (child.running) {
    using client = new CriClient(socket);
    await removeAllPods(client).catch((error) => console.error(`containerd: ${error.message}`));
    await child.end("SIGTERM");
  }
  await sweep(folder);
  await removeNetwork(network);
}

if (import.meta.main) {
  await ensureImages("base");
  const registry = await Registry.start({ storage: storeFolder() });
  const containerd = await startContainerd(registry.address);
  console.log(containerd.socket);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, async () => {
      await containerd.stop();
      await registry.stop();
      process.exit(0);
    });
  }
}
