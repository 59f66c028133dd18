/** The harness's side of a daemon's points: what it is told to do at them, and which it has passed. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Control } from "./points/control.ts";

const preload = join(import.meta.dirname, "points", "preload.ts");

export class CrashPoints {
  readonly #folder: string;

  /** `folder` is the daemon's. */
  constructor(folder: string) {
    this.#folder = folder;
    this.set({ mode: "off" });
    writeFileSync(this.#pointsFile, "");
  }

  /** The environment by which a daemon has points. */
  get environment(): string[] {
    return [
      `NODE_OPTIONS=--import=${preload}`,
      `CRITTER_CRASH_CONTROL=${this.#controlFile}`,
      `CRITTER_CRASH_POINTS=${this.#pointsFile}`,
      `CRITTER_CRASH_FOLDER=${this.#folder}`,
    ];
  }

  /** Tells the daemon, which need not run yet, what to do from now on. */
  set(control: Control): void {
    writeFileSync(this.#controlFile, `${JSON.stringify(control)}\n`);
  }

  /**
   * The names of the points that were passed since the last call, in their order, each once. After one step of a thread and
   * before its next the machine is the same: that is one point.
   */
  take(): string[] {
    const names = readFileSync(this.#pointsFile, "utf8").split("\n").filter(Boolean);
    writeFileSync(this.#pointsFile, "");
    const last = new Map<string, string>();
    return [...new Set(names)].filter((name) => {
      const [when, thread] = [whenOf(name), threadOf(name)];
      const before = last.get(thread);
      last.set(thread, when);
      return !(when === "before" && before === "after");
    });
  }

  get #controlFile(): string {
    return join(this.#folder, "crash-control");
  }

  get #pointsFile(): string {
    return join(this.#folder, "crash-points");
  }
}

function whenOf(point: string): string {
  return /^(before|after|.* of|.* into) /.exec(point)?.[1] ?? "";
}

/** Empty for the main thread. */
function threadOf(point: string): string {
  return / (\w+): /.exec(point)?.[1] ?? "";
}
