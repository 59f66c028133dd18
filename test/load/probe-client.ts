/** Asks the probe in the daemon under test (probe.ts). */
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Counts } from "./process-figures.ts";

export interface Lateness {
  /** The share of the time in which the event loop was busy. */
  utilization: number;
  p50: number;
  p99: number;
  max: number;
}

export interface Heap {
  /** Bytes that are in use after a collection of all garbage. */
  heap: number;
  /** What keeps the event loop busy, by kind. */
  resources: Counts;
}

/** Has the daemons that this process starts from now on load the probe; it listens at the path that is answered. */
export function installProbe(folder: string): string {
  const path = join(folder, "probe.sock");
  process.env.CRITTER_LOAD_PROBE = path;
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ""} --import=${join(import.meta.dirname, "probe.ts")}`;
  return path;
}

export class ProbeClient {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** How late the daemon's event loop was since it was asked last, in ms. */
  lateness(): Promise<Lateness> {
    return this.#ask("lateness");
  }

  heap(): Promise<Heap> {
    return this.#ask("heap");
  }

  /** Writes a heap snapshot, to be looked at in Chrome's developer tools. */
  snapshot(path: string): Promise<string> {
    return this.#ask(`snapshot ${path}`);
  }

  async #ask<Answer>(question: string): Promise<Answer> {
    const socket = connect(this.#path);
    try {
      socket.write(`${question}\n`);
      for await (const line of createInterface({ input: socket })) return JSON.parse(line);
      throw new Error(`the probe does not answer ${question}`);
    } finally {
      socket.destroy();
    }
  }
}
