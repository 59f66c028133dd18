/** Block I/O classes: how much of the disks a container may have, by the class that its pod's annotations name. */
import { globSync, readFileSync, statSync } from "node:fs";
import { ConfigError } from "../../config/settings.ts";
import type { ContainerConfig, PodSandboxConfig } from "../../cri/messages.ts";
import { invalidArgument, messageOf } from "../../cri/status-error.ts";
import { deviceNumber } from "../../linux/device-number.ts";
import type { BlockIo, BlockIoRate } from "../spec/types.ts";
import { parseYaml } from "../yaml.ts";
import { type BlockioDocument, type ClassEntry, readBlockioDocument } from "./document.ts";

export interface BlockioSettings {
  /** Empty for no classes. */
  blockioConfigFile: string;
  /** Whether the file is read anew for each container. */
  blockioReload: boolean;
}

const ofPod = "blockio.resources.beta.kubernetes.io";
const ofContainer = "io.kubernetes.cri.blockio-class";

/** The classes of `blockio_config_file`. */
export class BlockioClasses {
  readonly #settings: BlockioSettings;
  #document: BlockioDocument | undefined;

  /** Throws ConfigError for a file that cannot be read or is wrong. */
  constructor(settings: BlockioSettings) {
    this.#settings = settings;
    if (settings.blockioConfigFile !== "") this.#document = this.#read();
  }

  /**
   * What a container may do with the block devices; undefined where it is in no class, or classes are not configured.
   * INVALID_ARGUMENT for a class that there is not.
   */
  blockIoOf(config: ContainerConfig, pod: PodSandboxConfig): BlockIo | undefined {
    if (!this.#document) return undefined;
    const [annotation, name] = requestedClass(config, pod) ?? [];
    if (annotation === undefined || !name) return undefined;
    if (this.#settings.blockioReload) this.#document = this.#read();
    const { Classes: classes } = this.#document;
    if (!Object.hasOwn(classes, name)) {
      const known = Object.keys(classes).join(", ");
      throw invalidArgument(`annotation ${annotation}`, name, `the classes of block I/O are ${known}`);
    }
    return blockIo(classes[name] as ClassEntry[]);
  }

  #read(): BlockioDocument {
    const { blockioConfigFile: file } = this.#settings;
    try {
      const document = readBlockioDocument(parseYaml(readFileSync(file, "utf8")), "");
      for (const [name, entries] of Object.entries(document.Classes)) checkEntries(name, entries);
      return document;
    } catch (error) {
      const key = "crio.runtime.blockio_config_file";
      throw new ConfigError(`${key} is ${JSON.stringify(file)}: ${messageOf(error)}`, { cause: error });
    }
  }
}

function checkEntries(name: string, entries: readonly ClassEntry[]): void {
  for (const [index, { Devices: devices, Weight: _, ...throttles }] of entries.entries()) {
    const [first] = Object.keys(throttles);
    if (first === undefined || devices?.length) continue;
    throw new Error(`Classes.${name}[${index}].${first} is for devices, and Devices is absent`);
  }
}

/** The annotation that names the container's class, and the name; the pod's for one container go before those for all. */
function requestedClass(config: ContainerConfig, pod: PodSandboxConfig): [string, string] | undefined {
  const places: [string, Record<string, string>][] = [
    [`${ofPod}/container.${config.metadata?.name}`, pod.annotations],
    [ofContainer, config.annotations],
    [`${ofPod}/pod`, pod.annotations],
  ];
  for (const [name, annotations] of places) {
    const value = annotations[name];
    if (value !== undefined) return [name, value];
  }
  return undefined;
}

/** By number of the device, `MAJOR:MINOR`. */
type Devices = Map<string, Pick<BlockIoRate, "major" | "minor"> & Omit<ClassEntry, "Devices">>;

function blockIo(entries: readonly ClassEntry[]): BlockIo {
  const devices: Devices = new Map();
  let weight: number | undefined;
  for (const { Devices: patterns, ...limits } of entries) {
    if (!patterns) weight = limits.Weight ?? weight;
    for (const { major, minor } of blockDevices(patterns ?? [])) {
      const key = `${major}:${minor}`;
      devices.set(key, { ...devices.get(key), ...limits, major, minor });
    }
  }
  const rates = (limit: Exclude<keyof ClassEntry, "Devices" | "Weight">): BlockIoRate[] =>
    [...devices.values()].flatMap(({ major, minor, [limit]: rate }) =>
      rate === undefined ? [] : [{ major, minor, rate }],
    );
  return {
    ...(weight !== undefined && { weight }),
    weightDevice: [...devices.values()].flatMap(({ major, minor, Weight: own }) =>
      own === undefined ? [] : [{ major, minor, weight: own }],
    ),
    throttleReadBpsDevice: rates("ThrottleReadBps"),
    throttleWriteBpsDevice: rates("ThrottleWriteBps"),
    throttleReadIOPSDevice: rates("ThrottleReadIOPS"),
    throttleWriteIOPSDevice: rates("ThrottleWriteIOPS"),
  };
}

/** The block devices that are there now under the paths; what else is there is passed over. */
function blockDevices(patterns: readonly string[]): { major: number; minor: number }[] {
  return globSync(patterns as string[]).flatMap((path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat?.isBlockDevice() ? [deviceNumber(stat.rdev)] : [];
  });
}
