/** The figures of the table: how each is read from what was measured, and what the project promises of it. */
import type { Durations } from "./go-client.ts";
import { median, percentile } from "./statistics.ts";
import { STREAM_BYTES } from "./streams.ts";

/** All that was measured of one runtime. */
export interface Measurements {
  /** Durations in ns by operation, `pull NAME` for the sized images. */
  durations: Durations;
  /** Memory in bytes by what it is of; one value a reading. */
  memory: Record<string, number[]>;
}

export interface Figure {
  label: string;
  unit: "ms" | "s" | "MB" | "MB/s" | "% of a core";
  /** NaN where it was not measured. */
  value(measured: Measurements): number;
  /** Most that critter's figure may be of the other runtime's (issues 2 to 8, "It is done when"). */
  target?: number;
  /** Most that critter's figure itself may be. */
  limit?: number;
}

const NS_PER_MS = 1e6;
const NS_PER_S = 1e9;
const BYTES_PER_MB = 1024 * 1024;

function operation(label: string, name: string, target?: number): Figure {
  return { label, unit: "ms", target, value: ({ durations }) => median(durations[name] ?? []) / NS_PER_MS };
}

/** What so large a share of the operations took at most. */
function share(label: string, name: string, part: number): Figure {
  return {
    label,
    unit: "ms",
    value: ({ durations }) => percentile(durations[name] ?? [], part) / NS_PER_MS,
  };
}

function list(name: string, part: number, target?: number): Figure {
  return { ...share(`${name} with 220 containers, p${part * 100}`, name, part), target };
}

function total(label: string, name: string, target?: number): Figure {
  return { label, unit: "s", target, value: ({ durations }) => median(durations[name] ?? []) / NS_PER_S };
}

function memory(label: string, name: string, target?: number): Figure {
  return { label, unit: "MB", target, value: ({ memory }) => median(memory[name] ?? []) / BYTES_PER_MB };
}

function highest(label: string, name: string): Figure {
  return {
    label,
    unit: "MB",
    value: ({ memory }) => percentile(memory[name] ?? [], 1) / BYTES_PER_MB,
  };
}

/** The figures of a list of statistics: how long it takes, what a daemon pays that is asked once a second, who waits for it. */
function statistics(name: string, target?: number): Figure[] {
  return [
    { ...share(`${name} of 220 containers, p50`, name, 0.5), target },
    share(`${name} of 220 containers, p99`, name, 0.99),
    {
      label: "the daemon asked for it every second",
      unit: "% of a core",
      limit: 5,
      value: ({ durations }) => ((durations[`${name} every second`]?.[0] ?? Number.NaN) / NS_PER_S) * 100,
    },
    share("Version meanwhile, p50", `Version during ${name}`, 0.5),
    share("Version meanwhile, p99", `Version during ${name}`, 0.99),
    { ...share("Version meanwhile, at most", `Version during ${name}`, 1), limit: 20 },
  ];
}

/** The figures of a stream that bench/streams.ts knows by the name. */
function stream(label: string, name: string): Figure[] {
  const mebibytes = STREAM_BYTES / BYTES_PER_MB;
  return [
    {
      label: `1 GiB ${label}`,
      unit: "MB/s",
      value: ({ durations }) => mebibytes / (median(durations[`stream ${name}`] ?? []) / NS_PER_S),
    },
    { ...highest("daemon's growth meanwhile, at most", `growth ${name}`), limit: 32 },
  ];
}

/** Create and start of the same run, added. */
function createAndStart({ durations }: Measurements): number {
  const starts = durations.StartContainer ?? [];
  const sums = (durations.CreateContainer ?? []).map((create, at) => create + (starts[at] ?? Number.NaN));
  return median(sums) / NS_PER_MS;
}

/** The rows of the table. */
export const FIGURES: readonly Figure[] = [
  operation("CreatePod", "CreatePod", 0.5),
  operation("PodStatus", "PodStatus"),
  operation("StopPod", "StopPod", 0.6),
  operation("RemovePod", "RemovePod"),
  operation("CreateContainer", "CreateContainer"),
  operation("StartContainer", "StartContainer"),
  { label: "CreateContainer + StartContainer", unit: "ms", target: 0.7, value: createAndStart },
  operation("ContainerStatus", "ContainerStatus"),
  operation("StopContainer", "StopContainer"),
  operation("RemoveContainer", "RemoveContainer"),
  operation("ExecSync (true), p50", "ExecSync", 1),
  ...stream("out of exec, SPDY", "exec out, spdy"),
  ...stream("into exec, SPDY", "exec in, spdy"),
  ...stream("out of port-forward, SPDY", "port-forward, spdy"),
  ...stream("out of exec, WebSocket", "exec out, websocket"),
  ...stream("into exec, WebSocket", "exec in, websocket"),
  ...stream("out of port-forward, WebSocket", "port-forward, websocket"),
  operation("pod start as the kubelet sees it (SLI), p50", "kubelet pod", 0.8),
  operation("30 pods at once, p50", "kubelet pods", 0.8),
  operation("PullImage (busybox)", "PullImage"),
  operation("ImageStatus", "ImageStatus"),
  operation("ListImages", "ListImages"),
  operation("RemoveImage", "RemoveImage"),
  operation("pull of 10,000 small files", "pull small-files", 0.7),
  operation("pull of 6 layers of 32 MB", "pull large-layers", 0.7),
  operation("pull of 41 layers", "pull many-layers", 0.7),
  operation("pull of 8 layers of 128 MB", "pull gibibyte"),
  { ...highest("daemon's growth meanwhile, at most", "growth pull"), limit: 64 },
  share("lists and Status meanwhile, p50", "request during a pull", 0.5),
  { ...share("lists and Status meanwhile, p99", "request during a pull", 0.99), limit: 20 },
  ...["by name", "by ID"].flatMap((how) => [
    { ...share(`ImageStatus ${how} of 200 images, p50`, `ImageStatus ${how}`, 0.5), limit: 1 },
    share(`ImageStatus ${how} of 200 images, p99`, `ImageStatus ${how}`, 0.99),
  ]),
  total("110 pods of 2 containers, 4 at a time", "CreateAll", 0.7),
  total("100 of them removed, 4 at a time", "RemoveAll"),
  {
    label: "all listed after kill -9 and a start, 110 pods of 2 containers",
    unit: "s",
    limit: 1,
    value: ({ durations }) => median(durations.restart ?? []) / NS_PER_S,
  },
  list("ListContainers", 0.5, 1),
  list("ListContainers", 0.99),
  list("ListPodSandbox", 0.5),
  list("ListPodSandbox", 0.99),
  share("Version while nothing else is asked for, p50", "Version alone", 0.5),
  share("Version while nothing else is asked for, at most", "Version alone", 1),
  ...statistics("ListContainerStats", 1),
  ...statistics("ListPodSandboxStats", 1),
  ...statistics("ListPodSandboxMetrics", 1),
  memory("daemon when idle, RSS", "idle rss"),
  memory("daemon when idle, private", "idle private"),
  memory("daemon with 100 pods of 2, RSS", "full rss"),
  memory("daemon with 100 pods of 2, private", "full private", 1),
  memory("daemon with 100 pods of 2, PSS", "full pss"),
  memory("one monitor, PSS", "monitor pss"),
  memory("all monitors of 100 pods, PSS", "monitors pss"),
];
