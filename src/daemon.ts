/** The daemon: wires the parts, recovers what runs, serves the socket, and ends in order. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { status } from "@grpc/grpc-js";
import { detectCgroups } from "./cgroups/hierarchy.ts";
import { PodCgroups } from "./cgroups/pod-cgroup.ts";
import { Cni } from "./cni/cni.ts";
import { type Config, ConfigError } from "./config/load.ts";
import { reloadable } from "./config/reload.ts";
import { type CriDefinitions, loadCri } from "./cri/proto.ts";
import { CriServer } from "./cri/server.ts";
import { messageOf, StatusError } from "./cri/status-error.ts";
import { ContainerEvents } from "./events/container-events.ts";
import { followPods } from "./events/follow.ts";
import type { ImageServiceContext } from "./image-service/context.ts";
import { imageServiceHandlers } from "./image-service/handlers.ts";
import { ImageEntries } from "./image-service/image-entries.ts";
import { pinning } from "./image-service/pinned-images.ts";
import { isJournal, journalPrefix } from "./journal.ts";
import { takeLock } from "./linux/lock-file.ts";
import { NamespaceMaker } from "./linux/namespaces.ts";
import { ProcessWatcher } from "./linux/process-watcher.ts";
import { log, setLinePrefix, setLogLevel } from "./log.ts";
import { Apparmor } from "./oci/apparmor/apparmor.ts";
import { ApparmorPolicy } from "./oci/apparmor/policy.ts";
import { BlockioClasses } from "./oci/blockio/classes.ts";
import { CdiDevices } from "./oci/cdi/devices.ts";
import type { ContainerContext } from "./oci/context.ts";
import { Endings } from "./oci/endings.ts";
import { ExitWatcher } from "./oci/exits.ts";
import { handlerFeatures } from "./oci/features.ts";
import { followExits } from "./oci/follow-exits.ts";
import { runtimeHandlers } from "./oci/handlers.ts";
import { OciHooks } from "./oci/hooks/hooks.ts";
import { containerEntry } from "./oci/messages.ts";
import { MountsConf } from "./oci/mounts-conf.ts";
import { type ContainerRecord, isContainerRecord } from "./oci/record.ts";
import { checkSeccompSettings, handlerSettings } from "./oci/seccomp/filter.ts";
import { Selinux } from "./oci/selinux/selinux.ts";
import { checkAdditionalDevices } from "./oci/spec/granted-devices.ts";
import { readHost } from "./oci/spec/host.ts";
import { RegistryClient } from "./registry/client.ts";
import { runtimeServiceHandlers } from "./runtime-service/handlers.ts";
import type { SandboxContext } from "./sandbox/context.ts";
import { sandboxEntry } from "./sandbox/messages.ts";
import { checkNetworks } from "./sandbox/network.ts";
import { isPodSandboxRecord, type PodSandboxRecord } from "./sandbox/record.ts";
import { recover } from "./sandbox/recover.ts";
import { serviceManager } from "./service-manager.ts";
import { SignatureVerifier } from "./signatures/verifier.ts";
import { Records } from "./state/database.ts";
import { Interruptible, Joined, KeyedLock } from "./state/locks.ts";
import { openOrSalvage } from "./state/salvage.ts";
import { Store } from "./state/store.ts";
import { collectStats } from "./stats/collect.ts";
import { collectEvery, statsPeriod } from "./stats/collection.ts";
import { statsContext } from "./stats/context.ts";
import { openStorage, type Storage } from "./storage/storage.ts";
import { StreamServer } from "./streaming/server.ts";
import { version } from "./version.ts";
import { giveSignsOfLife } from "./watchdog.ts";

/** Serves the CRI until SIGTERM or SIGINT; pods run on after that. `reload` reads the configuration anew, for SIGHUP. */
export async function runDaemon(config: Config, reload: () => Config): Promise<void> {
  setLogLevel(config.runtime.logLevel);
  if (isJournal()) setLinePrefix(journalPrefix);
  // Modes are those that are said where files are made, whatever shell or unit starts the daemon.
  process.umask(0o022);
  // A log that nobody reads any more (journald was restarted) is no reason to end.
  process.stderr.on("error", () => {});
  // One failure in the background, such as a full disk, must not take the service from all pods.
  process.on("unhandledRejection", (error) => log.error("a failure that nobody waits for", { error }));
  const stop = nextSignal("SIGTERM", "SIGINT");
  const manager = serviceManager();
  // From the beginning: unhandled, the signal would end a daemon that still recovers its pods.
  process.on("SIGHUP", () => reloadConfig(config, reload));
  const { root, runroot } = config.crio;
  for (const folder of [root, runroot]) mkdirSync(folder, { recursive: true, mode: 0o711 });
  takeLocks(config);
  // Loaded only then: the library costs memory and time.
  const tracing = config.tracing.enableTracing
    ? (await import("./tracing/tracing.ts")).startTracing(config.tracing)
    : undefined;
  checkAdditionalDevices(config.runtime.additionalDevices);
  checkSeccompProfiles(config);
  const streams = new StreamServer(config.api);
  await streams.listen();
  const database = openOrSalvage(join(root, "state.db"));
  const registry = new RegistryClient(config.image);
  const signatures = new SignatureVerifier(registry, config.image);
  const selinux = new Selinux(config.runtime);
  const storage = await openStorage({
    root: join(root, "storage"),
    database,
    registry,
    signatures,
    maxLayerSize: () => config.image.maxLayerSize,
    pullProgressTimeout: () => config.image.pullProgressTimeout,
    readOnlyLabel: selinux.readOnlyLabel,
  });
  const cri = loadCri();
  const containers = containerContext(config, database, cri, storage, selinux);
  const sandboxes = sandboxContext(config, database, cri, containers);
  sandboxes.cni.start();

  // Loaded only then: the library costs memory and time. Before recovery, which is counted.
  const endMetrics = config.metrics.enableMetrics
    ? await (await import("./metrics/metrics.ts")).serveMetrics(config, {
        sandboxes: sandboxes.store,
        containers: containers.store,
        defaultRuntime: () => config.runtime.defaultRuntime,
        streams,
      })
    : undefined;
  const events = config.runtime.enablePodEvents ? new ContainerEvents() : undefined;
  if (events) followPods(sandboxes, events, cri);
  // Before recovery, which waits for the ends of what it kills.
  followExits(containers);
  await containers.apparmor.start();
  const recovery = await recover(sandboxes);
  const stopping = new AbortController();
  const images: ImageServiceContext = {
    storage,
    entries: new ImageEntries(cri.ImageService.ListImages.responseSerialize, () =>
      pinning(storage.images, config.image),
    ),
    encodeInfo: cri.ImageService.ImageStatus.responseSerialize,
    namespacedAuthDir: () => config.image.namespacedAuthDir,
    takesArtifacts: () => config.image.ociArtifactMountSupport,
    stopping: stopping.signal,
  };
  const stats = statsContext(sandboxes, cri);
  const server = new CriServer(
    {
      socket: config.api.listen,
      maxSendBytes: config.api.grpcMaxSendMsgSize,
      maxReceiveBytes: config.api.grpcMaxRecvMsgSize,
    },
    runtimeServiceHandlers({
      config,
      sandboxes,
      containers,
      stats,
      events,
      recovery,
      streams,
      stopping: stopping.signal,
    }),
    imageServiceHandlers(images),
    cri,
  );
  await server.listen().catch((error) => {
    const value = `crio.api.listen is ${JSON.stringify(config.api.listen)}`;
    throw new ConfigError(`${value}, it must be the path of a socket that may be made: ${messageOf(error)}`);
  });
  const endCollection = collectEvery(statsPeriod(config.stats), () => collectStats(stats));
  void checkNetworks(sandboxes);
  // Asked now, for the first Status or the first pod that needs it would have to wait.
  for (const handler of containers.handlers.values()) void handlerFeatures(handler, storage.idMappedLayers);
  manager.tell("READY=1");
  const endSignsOfLife = giveSignsOfLife(manager, config.api.listen);
  log.info("serving", { version, socket: config.api.listen, root, runroot, pid: process.pid });

  const signal = await stop;
  endSignsOfLife();
  manager.tell("STOPPING=1");
  log.info("stopping; pods run on", { signal });
  stopping.abort(new StatusError(status.UNAVAILABLE, "critter is stopping"));
  await server.close();
  await streams.close();
  endCollection();
  endMetrics?.();
  await tracing?.close();
  sandboxes.cni.close();
  containers.exits.close();
  containers.hooks.close();
  containers.mountsConf.close();
  containers.processes.close();
  await sandboxes.namespaces.close();
  await registry.close();
  await storage.close();
  database.close();
}

/** Resolves with the first of the signals; from then on they are handled. */
function nextSignal(...signals: NodeJS.Signals[]): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of signals) process.once(signal, resolve);
  });
}

/** Two daemons that shared one of these would take each other's pods for nobody's, or each other's clients. */
function takeLocks({ crio, api }: Config): void {
  const locks: [key: string, value: string, file: string][] = [
    ["crio.root", crio.root, join(crio.root, "critter.lock")],
    ["crio.runroot", crio.runroot, join(crio.runroot, "critter.lock")],
    ["crio.api.listen", api.listen, `${api.listen}.lock`],
  ];
  for (const [key, value, file] of locks) {
    if (!takeLock(file)) throw new ConfigError(`${key} is ${JSON.stringify(value)}: another critter uses it`);
  }
}

function containerContext(
  config: Config,
  database: DatabaseSync,
  cri: CriDefinitions,
  storage: Storage,
  selinux: Selinux,
): ContainerContext {
  const { runtime, crio } = config;
  const persistDir = join(crio.runroot, "persist");
  const encode = cri.RuntimeService.ListContainers.responseSerialize;
  const store = new Store<ContainerRecord>("container", new Records(database, "containers"), (record) =>
    encode({ containers: [containerEntry(record)] }),
  );
  store.load(isContainerRecord);
  return {
    config,
    store,
    locks: new KeyedLock(),
    starting: new Interruptible(),
    handlers: runtimeHandlers(config, persistDir),
    host: readHost(detectCgroups()),
    cdi: new CdiDevices(runtime.cdiSpecDirs),
    blockio: new BlockioClasses(runtime),
    hooks: new OciHooks(runtime.hooksDir),
    mountsConf: new MountsConf(runtime.defaultMountsFile),
    selinux,
    apparmor: new Apparmor(runtime, ApparmorPolicy.find()),
    storage,
    exits: new ExitWatcher(runtime.containerExitsDir, persistDir),
    endings: new Endings(),
    processes: new ProcessWatcher(),
  };
}

function sandboxContext(
  config: Config,
  database: DatabaseSync,
  cri: CriDefinitions,
  containers: ContainerContext,
): SandboxContext {
  const encode = cri.RuntimeService.ListPodSandbox.responseSerialize;
  const store = new Store<PodSandboxRecord>("pod sandbox", new Records(database, "sandboxes"), (record) =>
    encode({ items: [sandboxEntry(record)] }),
  );
  store.load(isPodSandboxRecord);
  const { networkDir, pluginDirs, cniDefaultNetwork } = config.network;
  const cacheDir = join(config.crio.root, "cni");
  const context: SandboxContext = {
    store,
    locks: new KeyedLock(),
    starting: new Joined(),
    creating: new Joined(),
    making: new Interruptible(),
    namespaces: new NamespaceMaker(),
    cni: new Cni({ networkDir, pluginDirs, cacheDir, defaultNetwork: cniDefaultNetwork || undefined }),
    podCgroups: new PodCgroups(containers.host.cgroups),
    containers,
    podCidr: "",
  };
  return context;
}

function checkSeccompProfiles({ runtime }: Config): void {
  checkSeccompSettings(runtime);
  for (const handler of Object.values(runtime.runtimes)) {
    checkSeccompSettings(handlerSettings(runtime, handler));
  }
}

function reloadConfig(config: Config, read: () => Config): void {
  try {
    const { config: next, applied, waiting } = reloadable(config, read());
    checkSeccompProfiles(next);
    // In place: everybody holds the one object, or a table of it.
    for (const table of ["crio", "api", "runtime", "image", "network", "stats", "metrics"] as const) {
      Object.assign(config[table], next[table]);
    }
    setLogLevel(config.runtime.logLevel);
    log.info("configuration reloaded", { applied, waiting });
  } catch (error) {
    log.error("configuration not reloaded, the old one stays in force", { error: messageOf(error) });
  }
}
