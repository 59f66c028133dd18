import { delimiter, dirname, join } from "node:path";
import { isExecutable } from "../../src/linux/executable.ts";
import { cacheDir } from "../cache.ts";
import type { SpecResult } from "./report.ts";
import { runSpecs } from "./specs.ts";

export interface CritestOptions {
  /** Socket of the runtime service. */
  socket: string;
  /** Socket of the image service. Default: the runtime's. */
  imageSocket?: string;
  /** Regular expressions of the specs to run. Default: all but the benchmarks. */
  focus?: string[];
  /** Regular expressions of specs to leave out. */
  skip?: string[];
  /** How many specs at once; more than one needs the program `ginkgo` beside critest. Default: 1. */
  parallel?: number;
  /** Whether the specs of Streaming use WebSocket in place of SPDY. */
  websocket?: boolean;
  /** Prefix for images of e2e tests instead of registry.k8s.io. */
  registryPrefix?: string;
  /** File that is given critest's whole output. */
  log?: string;
  /** The program, see `findCritest`. */
  program: string;
}

const WEBSOCKET = ["-websocket-exec", "-websocket-attach", "-websocket-portforward"];

/** Where critest is, or undefined: `CRITEST`, the cache's bin/critest, PATH. */
export function findCritest(): string | undefined {
  const folders = [join(cacheDir(), "bin", "critest"), ...(process.env.PATH ?? "").split(delimiter)];
  const candidates = [process.env.CRITEST, ...folders.map((folder) => join(folder, "critest"))];
  return candidates.find((path) => path && isExecutable(path));
}

/** Runs specs against a runtime's socket and answers how each ended. Rejects when critest did not run at all. */
export function runCritest(options: CritestOptions): Promise<SpecResult[]> {
  const { program, log } = options;
  return runSpecs({
    program,
    args: (report) => flags(options, report),
    // It looks for `ginkgo` in PATH, which is in its folder.
    env: { ...process.env, PATH: `${dirname(program)}${delimiter}${process.env.PATH}` },
    log,
  });
}

function flags(options: CritestOptions, report: string): string[] {
  const { socket, imageSocket = socket, focus = [], skip = [], parallel = 1, registryPrefix } = options;
  return [
    `-runtime-endpoint=unix://${socket}`,
    `-image-endpoint=unix://${imageSocket}`,
    ...(registryPrefix ? [`-registry-prefix=${registryPrefix}`] : []),
    ...(parallel > 1 ? [`-parallel=${parallel}`] : []),
    ...(options.websocket ? WEBSOCKET : []),
    ...focus.map((pattern) => `-ginkgo.focus=${pattern}`),
    ...skip.map((pattern) => `-ginkgo.skip=${pattern}`),
    `-ginkgo.json-report=${report}`,
    "-ginkgo.no-color",
  ];
}
