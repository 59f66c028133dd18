/** What the containers' files work with. */
import { join } from "node:path";
import type { Config, RuntimeHandlerConfig } from "../config/load.ts";
import { invalidArgument } from "../cri/status-error.ts";
import type { ProcessWatcher } from "../linux/process-watcher.ts";
import type { Platform } from "../registry/descriptor.ts";
import { platformName } from "../registry/platform.ts";
import type { Interruptible, KeyedLock } from "../state/locks.ts";
import type { Store } from "../state/store.ts";
import type { Storage } from "../storage/storage.ts";
import type { Apparmor } from "./apparmor/apparmor.ts";
import type { BlockioClasses } from "./blockio/classes.ts";
import type { CdiDevices } from "./cdi/devices.ts";
import type { Endings } from "./endings.ts";
import type { ExitWatcher } from "./exits.ts";
import type { OciHooks } from "./hooks/hooks.ts";
import type { Monitor } from "./monitor.ts";
import type { MountsConf } from "./mounts-conf.ts";
import type { ContainerRecord } from "./record.ts";
import type { Runtime } from "./runtime.ts";
import type { Selinux } from "./selinux/selinux.ts";
import type { Host } from "./spec/host.ts";

/** A runtime handler, ready for use: `[crio.runtime.runtimes.NAME]`. */
export interface RuntimeHandler {
  /** Of the table; with a platform, `TABLE:PLATFORM`. */
  name: string;
  /** The images' platform that it is for (`platform_runtime_paths`); empty for the machine's own. */
  platform: string;
  config: RuntimeHandlerConfig;
  runtime: Runtime;
  monitor: Monitor;
}

export interface ContainerContext {
  config: Config;
  store: Store<ContainerRecord>;
  /** By container id. */
  locks: KeyedLock;
  /** By container id: a StartContainer under way. */
  starting: Interruptible;
  handlers: Map<string, RuntimeHandler>;
  host: Host;
  cdi: CdiDevices;
  blockio: BlockioClasses;
  hooks: OciHooks;
  mountsConf: MountsConf;
  apparmor: Apparmor;
  selinux: Selinux;
  storage: Storage;
  exits: ExitWatcher;
  endings: Endings;
  processes: ProcessWatcher;
}

/** The folder of a container's bundle. */
export function containerFolder({ config }: ContainerContext, id: string): string {
  return join(config.crio.runroot, "containers", id);
}

/** The handler a pod asks for by `runtime_handler`; the default one for an empty name. INVALID_ARGUMENT if there is none. */
export function runtimeHandler({ handlers, config }: ContainerContext, name: string): RuntimeHandler {
  const handler = handlers.get(name === "" ? config.runtime.defaultRuntime : name);
  if (handler && handler.platform === "") return handler;
  const names = [...handlers.values()].filter(({ platform }) => platform === "").map((one) => one.name);
  throw invalidArgument("runtime_handler", name, `the handlers configured are ${names.join(", ")}`);
}

/** The name under which a handler's runtime for `platform` (`os/architecture[/variant]`, empty for the machine's) is kept. */
export function handlerName(name: string, platform: string): string {
  return platform === "" ? name : `${name}:${platform}`;
}

/** The handler for an image of `platform` in a pod of `handler`: one of its `platform_runtime_paths`, else itself. */
export function platformHandler(
  { handlers }: ContainerContext,
  handler: RuntimeHandler,
  { os, architecture, variant }: Platform,
): RuntimeHandler {
  const names = [platformName({ os, architecture, variant }), platformName({ os, architecture })];
  const found = names.map((name) => handlers.get(handlerName(handler.name, name)));
  return found.find((one) => one !== undefined) ?? handler;
}

/** The handler of something that exists. One taken out of the configuration since is replaced by the default: it must be removable. */
export function presentHandler(context: ContainerContext, name: string): RuntimeHandler {
  return context.handlers.get(name) ?? runtimeHandler(context, "");
}
