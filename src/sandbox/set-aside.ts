/** Pods and containers without a record that can be read: what they own goes, for nobody could remove it any more. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../cri/status-error.ts";
import { removeNamespace } from "../linux/namespaces.ts";
import { log } from "../log.ts";
import { isId } from "../state/fields.ts";
import type { SandboxContext } from "./context.ts";

/** Their ids: those of records that were set aside, and of everything on the machine that no record knows, as after the loss of the database. */
export function unownedIds({ store, containers }: SandboxContext): string[] {
  const { runroot } = containers.config.crio;
  const folders = [...containers.handlers.values()].map(({ runtime }) => runtime.root);
  folders.push(join(runroot, "sandboxes"), join(runroot, "containers"));
  const ids = [...store.setAside(), ...containers.store.setAside(), ...folders.flatMap(names)];
  return [...new Set(ids)].filter((id) => isId(id) && !store.find(id) && !containers.store.find(id));
}

/** Ends their processes, and has the containers of a pod removed that has no record any more. Monitors have gone already. */
export async function endUnowned(context: SandboxContext, ids: readonly string[]): Promise<void> {
  const { store, containers } = context;
  for (const record of containers.store) {
    if (store.find(record.podSandboxId)) continue;
    log.error("removing a container whose pod has no record", {
      container_id: record.id,
      pod_id: record.podSandboxId,
    });
    containers.store.settle(record, { phase: "removing" });
  }
  for (const id of ids) {
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
export function releaseUnowned({ containers }: SandboxContext, ids: readonly string[]): void {
  const { namespacesDir } = containers.config.runtime;
  for (const id of ids) {
    for (const type of ["netns", "utsns", "ipcns", "userns"]) removeNamespace(join(namespacesDir, type, id));
  }
}

function names(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
