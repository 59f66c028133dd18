/** The RuntimeService: which file answers which RPC. */
import type { RuntimeServiceMethods } from "../cri/messages.ts";
import type { Handlers } from "../cri/server.ts";
import { attach } from "./attach.ts";
import { containerCreate } from "./container-create.ts";
import { containerEventsGet } from "./container-events-get.ts";
import { containerList } from "./container-list.ts";
import { containerLogReopen } from "./container-log-reopen.ts";
import { containerRemove } from "./container-remove.ts";
import { containerStart } from "./container-start.ts";
import { containerStats } from "./container-stats.ts";
import { containerStatsList } from "./container-stats-list.ts";
import { containerStatsStream } from "./container-stats-stream.ts";
import { containerStatus } from "./container-status.ts";
import { containerStop } from "./container-stop.ts";
import { containerStream } from "./container-stream.ts";
import { containerUpdateResources } from "./container-update-resources.ts";
import type { RuntimeServiceContext } from "./context.ts";
import { exec } from "./exec.ts";
import { execSync } from "./exec-sync.ts";
import { metricDescriptorsList } from "./metric-descriptors-list.ts";
import { podSandboxList } from "./pod-sandbox-list.ts";
import { podSandboxMetricsList } from "./pod-sandbox-metrics-list.ts";
import { podSandboxMetricsStream } from "./pod-sandbox-metrics-stream.ts";
import { podSandboxRemove } from "./pod-sandbox-remove.ts";
import { podSandboxRun } from "./pod-sandbox-run.ts";
import { podSandboxStats } from "./pod-sandbox-stats.ts";
import { podSandboxStatsList } from "./pod-sandbox-stats-list.ts";
import { podSandboxStatsStream } from "./pod-sandbox-stats-stream.ts";
import { podSandboxStatus } from "./pod-sandbox-status.ts";
import { podSandboxStop } from "./pod-sandbox-stop.ts";
import { podSandboxStream } from "./pod-sandbox-stream.ts";
import { podSandboxUpdateResources } from "./pod-sandbox-update-resources.ts";
import { portForward } from "./port-forward.ts";
import { runtimeConfig } from "./runtime-config.ts";
import { status } from "./status.ts";
import { updateRuntimeConfig } from "./update-runtime-config.ts";
import { versionRpc } from "./version.ts";

/** RPCs that are not here answer UNIMPLEMENTED. */
export function runtimeServiceHandlers(context: RuntimeServiceContext): Handlers<RuntimeServiceMethods> {
  return {
    Version: versionRpc,
    Status: (request) => status(context, request),
    RuntimeConfig: () => runtimeConfig(context),
    UpdateRuntimeConfig: (request) => updateRuntimeConfig(context, request),
    RunPodSandbox: (request) => podSandboxRun(context, request),
    StopPodSandbox: (request) => podSandboxStop(context, request),
    RemovePodSandbox: (request) => podSandboxRemove(context, request),
    PodSandboxStatus: (request) => podSandboxStatus(context, request),
    ListPodSandbox: (request) => podSandboxList(context, request),
    StreamPodSandboxes: (request) => podSandboxStream(context, request),
    UpdatePodSandboxResources: (request) => podSandboxUpdateResources(context, request),
    CreateContainer: (request) => containerCreate(context, request),
    StartContainer: (request) => containerStart(context, request),
    StopContainer: (request) => containerStop(context, request),
    RemoveContainer: (request) => containerRemove(context, request),
    ContainerStatus: (request) => containerStatus(context, request),
    ListContainers: (request) => containerList(context, request),
    StreamContainers: (request) => containerStream(context, request),
    UpdateContainerResources: (request) => containerUpdateResources(context, request),
    ContainerStats: (request) => containerStats(context, request),
    ListContainerStats: (request) => containerStatsList(context, request),
    StreamContainerStats: (request) => containerStatsStream(context, request),
    PodSandboxStats: (request) => podSandboxStats(context, request),
    ListPodSandboxStats: (request) => podSandboxStatsList(context, request),
    StreamPodSandboxStats: (request) => podSandboxStatsStream(context, request),
    GetContainerEvents: (_request, signal) => containerEventsGet(context, signal),
    ListMetricDescriptors: () => metricDescriptorsList(context),
    ListPodSandboxMetrics: () => podSandboxMetricsList(context),
    StreamPodSandboxMetrics: () => podSandboxMetricsStream(context),
    ReopenContainerLog: (request) => containerLogReopen(context, request),
    ExecSync: (request) => execSync(context, request),
    Exec: (request) => exec(context, request),
    Attach: (request) => attach(context, request),
    PortForward: (request) => portForward(context, request),
  };
}
