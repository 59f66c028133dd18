/** The thread that makes layers and removes folders, in lanes that take turns. */
import { constants, setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { Confinement } from "../linux/confinement.ts";
import { UnpackDesk } from "./unpack-desk.ts";
import type { LaneOpening } from "./unpack-messages.ts";

const confinement = new Confinement();
// Of this thread alone: whoever asks the daemon something comes before layers.
setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);

parentPort!.on("message", ({ port, slots }: LaneOpening) => new UnpackDesk(port, slots, confinement));
