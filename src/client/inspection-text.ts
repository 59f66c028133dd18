/** `critter inspect` for a person. */
import type { Mount, PortMapping } from "../cri/messages.ts";
import type { PodCost } from "./costs.ts";
import type { ImageInspection } from "./image-inspection.ts";
import type { ContainerInspection, Inspection, LastExit, PodInspection } from "./inspection.ts";
import { resourceLines } from "./resource-lines.ts";
import { containerState, inStateSince, podName, podState, shortId } from "./states.ts";
import { fields, printable } from "./text.ts";
import { ago, bytes, counted, processorShare, since } from "./units.ts";

/** `now` is in milliseconds since the epoch. */
export function inspectionText(inspection: Inspection, now: number): string {
  if (inspection.kind === "Image") return imageText(inspection, now);
  const { podSandbox, containers } = inspection;
  return [
    podText(podSandbox, now),
    ...containers.map((container) => containerText(container, now)),
    ...(containers.length === 0 ? ["no container\n"] : []),
  ].join("\n");
}

function podText(pod: PodInspection, now: number): string {
  const { metadata, createdAt, ips, namespaces, stats } = pod;
  return heading("pod", podName(pod), metadata?.attempt).concat(
    fields([
      ["id", pod.id],
      ["uid", metadata?.uid],
      ["state", `${podState(pod)}, created ${createdAt === null ? "" : ago(createdAt, now)}`],
      ["handler", pod.runtimeHandler],
      ["address", ips.length > 0 ? ips.join(", ") : namespaces.network === "NODE" ? "the host's" : ""],
      ["hostname", pod.hostname],
      ["ports", pod.portMappings.map(portText)],
      ["namespaces", namespacesText(namespaces)],
      ["pause", pod.pid > 0 ? `pid ${pod.pid}, ${pod.pauseImage}` : undefined],
      ["cgroup", pod.cgroupParent],
      ["logs", pod.logDirectory],
      ["cost", stats ? podCost(stats) : undefined],
      ["traffic", stats?.network ? trafficText(stats.network) : undefined],
      ["labels", pairs(pod.labels)],
      ["annotations", pairs(pod.annotations)],
    ]),
  );
}

function containerText(container: ContainerInspection, now: number): string {
  const { metadata, pid, image, imageId, user, stats } = container;
  const time = inStateSince(container);
  const linuxUser = user?.linux;
  return heading("container", metadata?.name ?? "", metadata?.attempt).concat(
    fields([
      ["id", container.id],
      ["state", `${containerState(container)}${time === null ? "" : ` for ${since(time, now)}`}`],
      ["message", container.message],
      ["last exit", container.lastExit ? exitText(container.lastExit, now) : undefined],
      ["pid", pid > 0 ? String(pid) : undefined],
      ["image", image.startsWith("sha256:") ? image : `${image} (${shortId(imageId)})`],
      ["command", container.args.map(shellWord).join(" ")],
      [
        "user",
        linuxUser
          ? `${linuxUser.uid}:${linuxUser.gid}, groups ${linuxUser.supplementalGroups.join(" ")}`
          : undefined,
      ],
      ["privileged", container.privileged ? "yes" : undefined],
      ["resources", resourceLines(container.resources)],
      ["mounts", container.mounts.map(mountText)],
      ["log", container.logPath],
      [
        "cost",
        stats ? `${processorAndMemory(stats)}, written ${bytes(stats.writableLayer.usedBytes)}` : undefined,
      ],
      ["labels", pairs(container.labels)],
      ["annotations", pairs(container.annotations)],
    ]),
  );
}

function imageText({ image, containers }: ImageInspection, now: number): string {
  const { repoTags, repoDigests, imageSpec, size, layers } = image;
  const { created, os, architecture, config = {} } = imageSpec;
  return heading("image", repoTags[0] ?? repoDigests[0] ?? image.id, 0).concat(
    fields([
      ["id", image.id],
      ["tags", repoTags],
      ["digests", repoDigests],
      ["size", `${bytes(size)} in ${counted(layers, "layer")}`],
      ["created", created ? ago(created, now) : undefined],
      ["platform", [os, architecture].filter(Boolean).join("/")],
      ["pinned", image.pinned ? "yes" : undefined],
      ["user", config.User],
      ["folder", config.WorkingDir],
      ["command", [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])].map(shellWord).join(" ")],
      ["environment", config.Env ?? []],
      ["ports", Object.keys(config.ExposedPorts ?? {})],
      ["volumes", Object.keys(config.Volumes ?? {})],
      ["labels", pairs(config.Labels ?? {})],
      [
        "containers",
        containers.map(({ id, name, podSandbox, state }) => {
          return `${shortId(id)}  ${podSandbox}/${name}, ${state.replace("CONTAINER_", "").toLowerCase()}`;
        }),
      ],
    ]),
  );
}

function namespacesText({ network, pid, ipc, user }: PodInspection["namespaces"]): string {
  return `network ${network}, pid ${pid}, ipc ${ipc}, user ${user}`;
}

function heading(kind: string, name: string, attempt: number | undefined): string {
  return `${kind} ${printable(name)}${attempt ? ` #${attempt}` : ""}\n`;
}

function exitText({ attempt, finishedAt, exitCode, reason, message }: LastExit, now: number): string {
  const when = finishedAt === null ? "" : ` ${ago(finishedAt, now)}`;
  const why = [reason, message].filter(Boolean).join(": ");
  return `#${attempt} ended${when} with ${exitCode}${why ? ` (${why})` : ""}`;
}

function podCost(stats: PodCost): string {
  const { processCount } = stats.process;
  return `${processorAndMemory(stats)}, ${processCount} ${processCount === 1 ? "process" : "processes"}`;
}

function processorAndMemory({ cpu, memory }: Pick<PodCost, "cpu" | "memory">): string {
  const share = cpu.usageNanoCores === null ? "" : `${processorShare(cpu.usageNanoCores)} of a processor, `;
  return `${share}memory ${bytes(memory.workingSetBytes)}`;
}

function trafficText({ rxBytes, txBytes }: { rxBytes: number; txBytes: number }): string {
  return `received ${bytes(rxBytes)}, sent ${bytes(txBytes)}`;
}

function portText({ protocol, hostIp, hostPort, containerPort }: PortMapping): string {
  const host = hostPort > 0 ? `${hostIp.includes(":") ? `[${hostIp}]` : hostIp}:${hostPort}` : "";
  return `${host ? `${host} -> ` : ""}${containerPort}/${protocol.toLowerCase()}`;
}

function mountText({ hostPath, containerPath, readonly, propagation, image }: Mount): string {
  const source = image?.image ? `image ${image.image}` : hostPath;
  const options = [
    readonly ? "read-only" : "",
    propagation === "PROPAGATION_PRIVATE" ? "" : propagation.replace("PROPAGATION_", "").toLowerCase(),
  ].filter(Boolean);
  return `${source} -> ${containerPath}${options.length > 0 ? ` (${options.join(", ")})` : ""}`;
}

function pairs(map: Record<string, string>): string[] {
  return Object.entries(map).map(([key, value]) => `${key}=${value}`);
}

/** As a shell would have it written. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
