/** Tells the readers of events of all that happens to pods and containers. */
import { nowNanoseconds } from "../clock.ts";
import type { ContainerEventResponse, ContainerEventType } from "../cri/messages.ts";
import type { CriDefinitions, Init } from "../cri/proto.ts";
import { messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";
import { containerStatus } from "../oci/messages.ts";
import type { SandboxContext } from "../sandbox/context.ts";
import { sandboxStatus } from "../sandbox/messages.ts";
import type { PodSandboxRecord } from "../sandbox/record.ts";
import type { ContainerEvents } from "./container-events.ts";
import { containerEvents, followTransitions, sandboxEvents } from "./transitions.ts";

/** From now on, `events` is told of every transition. A pod's own events have its id where a container's have the container's. */
export function followPods(
  context: SandboxContext,
  events: ContainerEvents,
  { RuntimeService }: CriDefinitions,
): void {
  const encode = RuntimeService.GetContainerEvents.responseSerialize;
  const createdAt = risingTime();
  const tell = (id: string, type: ContainerEventType, sandbox: PodSandboxRecord | undefined) => {
    if (!events.awaited) return;
    try {
      events.tell(encode({ ...podStatuses(context, sandbox), ...about(id, type), createdAt: createdAt() }));
    } catch (error) {
      // What it tells of has happened, and goes on.
      log.error("an event cannot be told", { id, type, error: messageOf(error) });
    }
  };
  followTransitions(context.store, sandboxEvents, (record, type) => tell(record.id, type, record));
  followTransitions(context.containers.store, containerEvents, (record, type) =>
    tell(record.id, type, context.store.find(record.podSandboxId)),
  );
}

function about(
  containerId: string,
  containerEventType: ContainerEventType,
): Pick<ContainerEventResponse, "containerId" | "containerEventType"> {
  return { containerId, containerEventType };
}

/** The pod as it is now, and its containers: those of its earlier sandboxes too, for the kubelet takes the list for all there are. */
function podStatuses(
  { store, containers }: SandboxContext,
  sandbox: PodSandboxRecord | undefined,
): Init<Pick<ContainerEventResponse, "podSandboxStatus" | "containersStatuses">> {
  if (!sandbox) return {};
  const { uid } = sandbox.config.metadata;
  const ids = new Set([sandbox.id]);
  for (const { id, config } of store) if (uid !== "" && config.metadata.uid === uid) ids.add(id);
  const containersStatuses = [];
  for (const record of containers.store) {
    if (ids.has(record.podSandboxId) && record.phase !== "creating") {
      containersStatuses.push(containerStatus(record));
    }
  }
  return { podSandboxStatus: sandboxStatus(sandbox), containersStatuses };
}

/** The time, never twice the same: the kubelet takes an event that is no later than the last for old news. */
function risingTime(): () => string {
  let last = 0n;
  return () => {
    const now = BigInt(nowNanoseconds());
    last = now > last ? now : last + 1n;
    return String(last);
  };
}
