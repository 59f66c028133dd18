/** Pods and containers whose records could not be read: what they own goes, for nobody could remove it any more. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../cri/status-error.ts";
import { removeNamespace } from "../linux/namespaces.ts";
import { log } from "../log.ts";
import { isId } from "../state/fields.ts";
import type { SandboxContext } from "./context.ts";

/** Ends their processes, and has the containers of a pod removed that has no record any more. Monitors have gone already. */
export async function endSetAside(context: SandboxContext): Promise<void> {
  const { store, containers } = context;
  for (const record of containers.store) {
    if (store.find(record.podSandboxId)) continue;
    log.error("removing a container whose pod has no record", {
      container_id: record.id,
      pod_id: record.podSandboxId,
    });
    containers.store.settle(record, { phase: "removing" });
  }
  for (const id of setAside(context)) {
    for (const { runtime } of containers.handlers.values()) {
      if (!existsSync(join(runtime.root, id))) continue;
      await runtime
        .delete(id, { force: true })
        .catch((error) =>
          log.error("a container without a record remains", { container_id: id, error: messageOf(error) }),
        );
    }
    containers.exits.forget(id);
  }
}

/** Lets go of the pods' namespaces, which CNI needs to take their networks away. */
export function releaseSetAside(context: SandboxContext): void {
  const { namespacesDir } = context.containers.config.runtime;
  for (const id of setAside(context)) {
    for (const type of ["netns", "utsns", "ipcns", "userns"]) removeNamespace(join(namespacesDir, type, id));
  }
}

function setAside({ store, containers }: SandboxContext): string[] {
  const ids = [...store.setAside(), ...containers.store.setAside()];
  return [...new Set(ids)].filter((id) => isId(id) && !store.find(id) && !containers.store.find(id));
}
