/** A running container as the groups of metrics see it: what several of them look at is read once. */
import type { Cgroups } from "../../cgroups/hierarchy.ts";
import { type MemoryDetails, readMemoryDetails } from "../../cgroups/memory-details.ts";
import type { CgroupReading } from "../../cgroups/readings.ts";
import type { FilesystemUsage } from "../../cri/messages.ts";
import type { ContainerRecord } from "../../oci/record.ts";
import type { DeviceNames } from "./devices.ts";
import type { Filesystem } from "./filesystem.ts";
import type { SlowFindings } from "./slow-findings.ts";

/** What is the same for all containers. */
export interface Surroundings {
  cgroups: Cgroups;
  devices: DeviceNames;
  /** The one that the containers' writable layers are in. */
  filesystem: Filesystem;
}

export interface ContainerFindings {
  record: ContainerRecord;
  /** Of its cgroup. */
  path: string;
  reading: CgroupReading;
  /** Null until the layer was first measured. */
  writableLayer: FilesystemUsage | null;
  slow: SlowFindings;
}

/** Good for one filling of a sheet. */
export class ContainerSource implements ContainerFindings {
  readonly surroundings: Surroundings;
  /** Of the reading, in ns since the epoch. */
  readonly timestamp: string;
  readonly record: ContainerRecord;
  readonly path: string;
  readonly reading: CgroupReading;
  readonly writableLayer: FilesystemUsage | null;
  readonly slow: SlowFindings;
  #memoryDetails: MemoryDetails | undefined;

  constructor(surroundings: Surroundings, timestamp: string, findings: ContainerFindings) {
    this.surroundings = surroundings;
    this.timestamp = timestamp;
    this.record = findings.record;
    this.path = findings.path;
    this.reading = findings.reading;
    this.writableLayer = findings.writableLayer;
    this.slow = findings.slow;
  }

  get memoryDetails(): MemoryDetails | undefined {
    this.#memoryDetails ??= readMemoryDetails(this.surroundings.cgroups, this.path);
    return this.#memoryDetails;
  }
}
