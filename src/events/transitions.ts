/** What happens to pods and containers, seen in their records: the one place from which events are told. */
import type { ContainerEventType } from "../cri/messages.ts";
import type { ContainerPhase } from "../oci/record.ts";
import type { SandboxPhase } from "../sandbox/record.ts";
import type { Store } from "../state/store.ts";

/** The events of a record that comes into a phase. What is still `creating` may yet be rolled back, and was never there. */
export type PhaseEvents<Phase extends string> = Readonly<Record<Phase, readonly ContainerEventType[]>>;

export const containerEvents: PhaseEvents<ContainerPhase> = {
  creating: [],
  created: ["CONTAINER_CREATED_EVENT"],
  running: ["CONTAINER_STARTED_EVENT"],
  exited: ["CONTAINER_STOPPED_EVENT"],
  removing: [],
};

export const sandboxEvents: PhaseEvents<SandboxPhase> = {
  creating: [],
  failed: ["CONTAINER_STOPPED_EVENT"],
  ready: ["CONTAINER_CREATED_EVENT", "CONTAINER_STARTED_EVENT"],
  notready: ["CONTAINER_STOPPED_EVENT"],
  removing: [],
};

/** Calls `tell` once for each event of a record in the store, when what it tells of is on disk. */
export function followTransitions<Phase extends string, T extends { id: string; phase: Phase }>(
  store: Store<T>,
  events: PhaseEvents<Phase>,
  tell: (record: T, type: ContainerEventType) => void,
): void {
  // As on disk: a record's own phase may be ahead of it.
  const phases = new WeakMap<T, Phase>();
  for (const record of store) phases.set(record, record.phase);
  store.onChange((record, change) => {
    const before = phases.get(record);
    const { phase } = record;
    if (change === "deleted") {
      phases.delete(record);
      if (before !== undefined && before !== "creating") tell(record, "CONTAINER_DELETED_EVENT");
    } else if (phase !== before) {
      phases.set(record, phase);
      for (const type of events[phase]) tell(record, type);
    }
  });
}
