/**
 * Inside a daemon under test: every step that changes the machine is a point with a name, told to the harness or the
 * daemon's death. Loaded with the daemon's modules, and once more in each of its threads; see ../point-control.ts.
 */
import { openSync, readSync, writeSync } from "node:fs";
import { threadName } from "node:worker_threads";
import { nameOf } from "./names.ts";

/** What the harness has written for the daemon to do. */
export type Control =
  /** Nothing: the daemon runs as ever. */
  | { mode: "off" }
  /** Names of points are written to the file of points, as they are passed. */
  | { mode: "record" }
  /** SIGKILL at this point. */
  | { mode: "kill"; at: string };

const CONTROL_BYTES = 1024;

// Open before any thread has another root: unpack workers are confined to the layer that they write.
const controlFile = openSync(process.env.CRITTER_CRASH_CONTROL!, "r");
const pointsFile = openSync(process.env.CRITTER_CRASH_POINTS!, "a");
// The wrapped ones would be points themselves.
const [read, write] = [readSync, writeSync];
const kill = process.kill.bind(process);
const buffer = Buffer.alloc(CONTROL_BYTES);
const counts = new Map<string, number>();
let text = "";
let control: Control = { mode: "off" };

/** Takes up what the harness says now. Counting begins anew whenever that has changed. */
function refresh(): void {
  const length = read(controlFile, buffer, 0, CONTROL_BYTES, 0);
  const now = buffer.toString("utf8", 0, length);
  // Half written: it is as before.
  if (now === text || !now.endsWith("\n")) return;
  text = now;
  counts.clear();
  control = JSON.parse(now);
}

/** A step that is about to be taken. `what` is the call, `target` what it is about. */
export class Step {
  readonly #name: string;

  constructor(what: string, target: string) {
    refresh();
    if (control.mode === "off") {
      this.#name = "";
      return;
    }
    const name = `${what} ${nameOf(target)}`.trim();
    const thread = threadName ? `${threadName}: ` : "";
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    this.#name = `${thread}${name} #${count}`;
  }

  /** Passes the point `when` this step: `before`, `after`, or in the middle of it. */
  pass(when: string): void {
    if (this.isAt(when)) die();
  }

  /** Whether the daemon is to die at this point, which is recorded otherwise; for what is to be done only then. */
  isAt(when: string): boolean {
    if (this.#name === "" || control.mode === "off") return false;
    const point = `${when} ${this.#name}`;
    if (control.mode === "record") write(pointsFile, `${point}\n`);
    return control.mode === "kill" && control.at === point;
  }
}

/** Ends the process at once, wherever its threads are. */
export function die(): never {
  kill(process.pid, "SIGKILL");
  // The signal comes with the call's return: nothing is run after it.
  for (;;);
}
