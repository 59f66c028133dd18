/** Ends as they happen: by the monitors' exit files, and by the end of a monitor that left none. */
import { nowNanoseconds } from "../clock.ts";
import { messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";
import type { ContainerContext } from "./context.ts";
import { recordExit, recordLostMonitor } from "./exit.ts";
import type { ContainerRecord } from "./record.ts";

/** Records every container's end from now on. */
export function followExits(context: ContainerContext): void {
  context.exits.onExit((id, exit) => {
    const record = context.store.find(id);
    if (record) guard(record, recordExit(context, record, exit));
  });
}

/** Sees to it that a container whose monitor dies does not count as running for ever. */
export function watchMonitor(context: ContainerContext, record: ContainerRecord): void {
  if (!record.monitor) return;
  const ended = context.processes.watch(record.monitor.pid).then(() => {
    const exit = context.exits.read(record.id);
    return exit ? recordExit(context, record, exit) : recordLostMonitor(context, record, nowNanoseconds());
  });
  guard(record, ended);
}

function guard(record: ContainerRecord, recording: Promise<void>): void {
  recording.catch((error) =>
    log.error("an end cannot be recorded", { container_id: record.id, error: messageOf(error) }),
  );
}
