/** The thread that makes layers, in lanes that take turns. */
import { setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { Confinement } from "../linux/confinement.ts";
import { UnpackDesk } from "./unpack-desk.ts";
import type { LaneOpening } from "./unpack-messages.ts";

/** Half of the main thread's share where processors are short: less, and a busy node's own work would starve a pull. */
const NICENESS = 3;

const confinement = new Confinement();
// Of this thread alone: whoever asks the daemon something comes before layers.
setPriority(0, NICENESS);

parentPort!.on("message", ({ port, slots }: LaneOpening) => new UnpackDesk(port, slots, confinement));
