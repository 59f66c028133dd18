/** Status: whether the runtime and its network are ready, and which handlers there are. */
import type { StatusRequest, StatusResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import type { RuntimeServiceContext } from "./context.ts";

export async function status(
  context: RuntimeServiceContext,
  request: StatusRequest,
): Promise<Init<StatusResponse>> {
  const network = context.sandboxes.cni.status();
  const handlers = [...context.containers.handlers.values()]
    .filter(({ platform }) => platform === "")
    .map(({ name }) => ({ name, features: {} }));
  const isDefault = ({ name }: { name: string }) => name === context.config.runtime.defaultRuntime;
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
    features: { supplementalGroupsPolicy: true },
    info: request.verbose ? await verboseInfo(context) : {},
  };
}

async function verboseInfo(context: RuntimeServiceContext): Promise<Record<string, string>> {
  const { config, sandboxes, containers } = context;
  const pluginVersions = await sandboxes.cni.pluginVersions();
  const counts = { podSandboxes: sandboxes.store.size, containers: containers.store.size };
  return {
    config: JSON.stringify(config),
    cniconfig: JSON.stringify({ ...sandboxes.cni.config(), pluginVersions }),
    counts: JSON.stringify(counts),
  };
}
