/** What the RuntimeService's RPCs work with. */
import type { Cni } from "../cni/cni.ts";
import type { Config } from "../config/load.ts";
import type { ContainerContext, RuntimeHandler } from "../oci/context.ts";
import type { SandboxContext } from "../sandbox/context.ts";

export interface RuntimeServiceContext {
  config: Config;
  cni: Cni;
  handlers: Map<string, RuntimeHandler>;
  sandboxes: SandboxContext;
  containers: ContainerContext;
}
