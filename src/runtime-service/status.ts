/** Status: whether the runtime and its network are ready, and which handlers there are. */
import { setTimeout as sleep } from "node:timers/promises";
import type {
  RuntimeHandler as RuntimeHandlerMessage,
  StatusRequest,
  StatusResponse,
} from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import type { RuntimeHandler } from "../oci/context.ts";
import { handlerFeatures } from "../oci/features.ts";
import type { RuntimeServiceContext } from "./context.ts";
import { daemonInfo } from "./daemon-info.ts";

/** How long an answer waits for a runtime that has not yet told what it can do. */
const FEATURES_MS = 1_000;

export async function status(
  context: RuntimeServiceContext,
  request: StatusRequest,
): Promise<Init<StatusResponse>> {
  const network = context.sandboxes.cni.status();
  const own = [...context.containers.handlers.values()].filter(({ platform }) => platform === "");
  const handlers = await Promise.all(own.map((handler) => described(context, handler)));
  const isDefault = ({ name }: Init<RuntimeHandlerMessage>) => name === context.config.runtime.defaultRuntime;
  return {
    status: {
      conditions: [
        { type: "RuntimeReady", status: true, reason: "", message: "" },
        { type: "NetworkReady", status: network.ready, reason: network.reason, message: network.message },
      ],
    },
    // The default handler is listed under the empty name too: that is the one pods without a class get.
    runtimeHandlers: [
      ...handlers.filter(isDefault).map((handler) => ({ ...handler, name: "" })),
      ...handlers,
    ],
    features: { supplementalGroupsPolicy: true, mountOptions: true },
    info: request.verbose ? await verboseInfo(context) : {},
  };
}

async function described(
  { containers }: RuntimeServiceContext,
  handler: RuntimeHandler,
): Promise<Init<RuntimeHandlerMessage>> {
  // The kubelet takes a node without a quick answer for one without a runtime.
  const features = await Promise.race([
    handlerFeatures(handler, containers.storage.idMappedLayers),
    sleep(FEATURES_MS, undefined, { ref: false }),
  ]);
  const { recursiveReadOnlyMounts = false, userNamespaces = false } = features ?? {};
  return { name: handler.name, features: { recursiveReadOnlyMounts, userNamespaces } };
}

async function verboseInfo(context: RuntimeServiceContext): Promise<Record<string, string>> {
  const { config, sandboxes, containers } = context;
  const pluginVersions = await sandboxes.cni.pluginVersions();
  const { ready, message } = sandboxes.cni.status();
  const counts = { podSandboxes: sandboxes.store.size, containers: containers.store.size };
  return {
    config: JSON.stringify(config),
    cniconfig: JSON.stringify({ ...sandboxes.cni.config(), pluginVersions }),
    // By the name that containerd's users look for.
    lastCNILoadStatus: JSON.stringify(ready ? "OK" : message),
    counts: JSON.stringify(counts),
    daemon: JSON.stringify(daemonInfo(context.recovery)),
  };
}
