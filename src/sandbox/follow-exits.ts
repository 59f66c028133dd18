/** Ends as they happen: the monitors' exit files, of containers and of pause containers. */
import { messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";
import { recordExit } from "../oci/exit.ts";
import type { ContainerExit } from "../oci/exits.ts";
import type { SandboxContext } from "./context.ts";

/** Records every end from now on. */
export function followExits(context: SandboxContext): void {
  context.containers.exits.onExit((id, exit) => {
    settle(context, id, exit).catch((error) =>
      log.error("an end cannot be recorded", { id, exit_code: exit.exitCode, error: messageOf(error) }),
    );
  });
}

async function settle(context: SandboxContext, id: string, exit: ContainerExit): Promise<void> {
  const container = context.containers.store.find(id);
  if (container) return recordExit(context.containers, container, exit);
  const sandbox = context.store.find(id);
  if (sandbox?.phase !== "ready") return;
  // Without its pause container a pod is not ready; the kubelet will stop it and make another.
  log.warn("a pause container ended", { pod_id: id, exit_code: exit.exitCode });
  context.store.update(sandbox, { phase: "notready" });
}
