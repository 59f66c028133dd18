/** Statistics that are collected every so often, and answered from until the next time: crio.conf's `stats_collection_period`. */
import type { Config } from "../config/load.ts";
import type { ContainerStats } from "../cri/messages.ts";
import { messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";
import type { ContainerRecord } from "../oci/record.ts";
import type { PodSandboxRecord } from "../sandbox/record.ts";
import type { PodStats } from "./encoding.ts";

/** What was collected last, of those that ran then; it is forgotten with the record. */
export class CollectedStats {
  readonly #containers = new WeakMap<ContainerRecord, ContainerStats>();
  readonly #pods = new WeakMap<PodSandboxRecord, PodStats>();

  /** Undefined where nothing is collected, for a container that has started since, and for one that does not run any more. */
  container(record: ContainerRecord): ContainerStats | undefined {
    return record.phase === "running" ? this.#containers.get(record) : undefined;
  }

  /** Undefined where nothing is collected, for a pod that came since, and for one that is not ready any more. */
  pod(record: PodSandboxRecord): PodStats | undefined {
    return record.phase === "ready" ? this.#pods.get(record) : undefined;
  }

  keepContainer(record: ContainerRecord, stats: ContainerStats): void {
    this.#containers.set(record, stats);
  }

  keepPod(record: PodSandboxRecord, stats: PodStats): void {
    this.#pods.set(record, stats);
  }
}

/** How many seconds lie between two collections; 0 where there are none. */
export function statsPeriod({ statsCollectionPeriod, collectionPeriod }: Config["stats"]): number {
  return statsCollectionPeriod || collectionPeriod;
}

/**
 * Calls `collect` now, and again whenever `seconds` have gone since it was done; never where that is 0. One that fails is logged. Answers
 * how to end it.
 */
export function collectEvery(seconds: number, collect: () => Promise<void>): () => void {
  if (seconds === 0) return () => {};
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const next = async () => {
    try {
      await collect();
    } catch (error) {
      log.warn("statistics cannot be collected", { error: messageOf(error) });
    }
    if (!isOver) timer = setTimeout(next, seconds * 1000);
  };
  void next();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
