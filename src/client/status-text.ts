/** `critter status` for a person. */
import type { RuntimeCondition } from "../cri/messages.ts";
import type { DaemonInfo } from "../runtime-service/daemon-info.ts";
import type { ContainerReport, PodReport } from "./pod-report.ts";
import { containerState, inStateSince, podName, podState, shortId } from "./states.ts";
import type { StatusReport } from "./status-report.ts";
import { type Column, fields, table } from "./text.ts";
import { bytes, counted, duration, processorShare, since } from "./units.ts";

const columns: Column[] = [
  { title: "NAME" },
  { title: "ID" },
  { title: "STATE" },
  { title: "FOR" },
  { title: "CPU", right: true },
  { title: "MEMORY", right: true },
  { title: "DISK", right: true },
  { title: "ADDRESS OR IMAGE" },
];

/** `now` is in milliseconds since the epoch. */
export function statusText(report: StatusReport, now: number): string {
  const { daemon, conditions, runtimeHandlers, podSandboxes } = report;
  const heading = `${report.runtimeName} ${report.runtimeVersion}, CRI ${report.runtimeApiVersion}\n`;
  const about = fields([
    ["runtime", conditionText(conditions, "RuntimeReady")],
    ["network", conditionText(conditions, "NetworkReady")],
    ["handlers", runtimeHandlers.join(", ")],
    ["daemon", daemon ? `pid ${daemon.pid}, up for ${since(daemon.startedAt, now)}` : undefined],
    ["cost", daemon ? daemonCost(daemon, now) : undefined],
    ["last start", daemon ? recoveryText(daemon.recovery) : undefined],
    ["images", imagesText(report)],
    ["pods", podsText(podSandboxes)],
  ]);
  if (podSandboxes.length === 0) return heading + about;
  return `${heading}${about}\n${table(
    columns,
    podSandboxes.flatMap((pod) => rowsOf(pod, now)),
  )}`;
}

function conditionText(conditions: RuntimeCondition[], type: string): string {
  const condition = conditions.find((one) => one.type === type);
  if (!condition) return "unknown";
  if (condition.status) return "ready";
  return `NOT READY: ${[condition.reason, condition.message].filter(Boolean).join(": ")}`;
}

function daemonCost({ memory, cpu, startedAt }: DaemonInfo, now: number): string {
  const seconds = (now - Date.parse(startedAt)) / 1000;
  const share = processorShare(cpu.usageCoreNanoSeconds / Math.max(seconds, 1));
  return `memory ${bytes(memory.rssBytes)}, processor ${duration(cpu.usageCoreNanoSeconds / 1e9)} in all (${share} of one)`;
}

/** What recovery found and did: nothing is not told of. */
function recoveryText({
  sandboxes,
  containers,
  execs,
  unreadable,
  durationMs,
}: DaemonInfo["recovery"]): string {
  const parts = [
    tally("pod", sandboxes),
    tally("container", containers),
    execs.ended > 0 ? `${counted(execs.ended, "exec")} ended` : "",
    unreadable > 0 ? `${counted(unreadable, "unreadable record")} set aside` : "",
  ].filter((part) => part !== "");
  return `recovery took ${durationMs} ms: ${parts.join("; ") || "there was nothing to recover"}`;
}

function tally(noun: string, { adopted, ended, removed }: DaemonInfo["recovery"]["sandboxes"]): string {
  const outcomes: [count: number, outcome: string][] = [
    [adopted, "running on"],
    [ended, "ended meanwhile"],
    [removed, "half made or half removed, cleared away"],
  ];
  const found = outcomes.filter(([count]) => count > 0);
  if (found.length === 0) return "";
  return `${noun}s: ${found.map(([count, outcome]) => `${count} ${outcome}`).join(", ")}`;
}

function imagesText({ images, imageFilesystem }: StatusReport): string {
  if (!imageFilesystem) return String(images);
  return `${images}, ${bytes(imageFilesystem.usedBytes)} in ${imageFilesystem.mountpoint}`;
}

function podsText(pods: PodReport[]): string {
  const containers = pods.flatMap((pod) => pod.containers);
  const ready = pods.filter(({ state }) => state === "SANDBOX_READY").length;
  const running = containers.filter(({ state }) => state === "CONTAINER_RUNNING").length;
  const written = containers.reduce((sum, { stats }) => sum + (stats?.writableLayer.usedBytes ?? 0), 0);
  const disk = written > 0 ? `, which have written ${bytes(written)}` : "";
  return `${ready} of ${pods.length} ready; ${running} of ${counted(containers.length, "container")} running${disk}`;
}

function rowsOf(pod: PodReport, now: number): string[][] {
  const { id, createdAt, stats, ips } = pod;
  const row = [
    podName(pod),
    shortId(id),
    podState(pod),
    age(createdAt, now),
    cpuOf(stats),
    stats ? bytes(stats.memory.workingSetBytes) : "",
    "",
    ips.join(", "),
  ];
  return [row, ...pod.containers.map((container) => containerRow(container, now))];
}

function containerRow(container: ContainerReport, now: number): string[] {
  const { id, metadata, stats, image } = container;
  return [
    `  ${metadata?.name}${metadata?.attempt ? ` #${metadata.attempt}` : ""}`,
    shortId(id),
    containerState(container),
    age(inStateSince(container), now),
    cpuOf(stats),
    stats ? bytes(stats.memory.workingSetBytes) : "",
    stats ? bytes(stats.writableLayer.usedBytes) : "",
    /^sha256:|^[0-9a-f]{64}$/.test(image) ? shortId(image) : image,
  ];
}

function age(time: string | null, now: number): string {
  return time === null ? "" : duration((now - Date.parse(time)) / 1000);
}

function cpuOf(stats: { cpu: { usageNanoCores: number | null } } | null): string {
  const rate = stats?.cpu.usageNanoCores ?? null;
  return rate === null ? "" : processorShare(rate);
}
