/** The worker's side of a lane: tasks and their input come in, answers go out. */
import { mkdirSync } from "node:fs";
import type { MessagePort } from "node:worker_threads";
import type { Confinement } from "../linux/confinement.ts";
import { FileJob } from "./file-job.ts";
import { inheritFolders } from "./implicit-folders.ts";
import { ContentError, UnpackJob } from "./unpack-job.ts";
import {
  type LayerTask,
  SLOT_BYTES,
  type WorkerInput,
  type WorkerReply,
  type WorkerTask,
} from "./unpack-messages.ts";

export class UnpackDesk {
  readonly #port: MessagePort;
  readonly #slots: SharedArrayBuffer;
  readonly #confinement: Confinement;
  #job: UnpackJob | FileJob | undefined;
  /** What is under way: everything happens in the order it was asked for. */
  #tail = Promise.resolve();

  constructor(port: MessagePort, slots: SharedArrayBuffer, confinement: Confinement) {
    this.#port = port;
    this.#slots = slots;
    this.#confinement = confinement;
    port.on("message", (message: WorkerTask | WorkerInput) => {
      this.#tail = this.#tail.then(() => this.#handle(message)).catch((error) => this.#fail(error));
    });
  }

  async #handle(message: WorkerTask | WorkerInput): Promise<void> {
    // Another lane may have left the thread in the folder of its layer.
    this.#confinement.leave();
    switch (message.kind) {
      case "unpack":
        makeFolder(message);
        this.#job = new UnpackJob(message, this.#confinement);
        await this.#job.resume();
        break;
      case "file":
        makeFolder(message);
        this.#job = new FileJob(message);
        this.#job.resume();
        break;
      case "chunk":
        await this.#take(message.slot, message.length);
        break;
      case "end":
        await this.#finish();
        break;
      case "abort":
        if (this.#job) throw new Error("aborted");
        break;
      case "inherit":
        inheritFolders(message.layer, message.folders, message.below);
        this.#reply({ kind: "done" });
    }
  }

  async #take(slot: number, length: number): Promise<void> {
    try {
      await this.#job?.write(Buffer.from(this.#slots, slot * SLOT_BYTES, length));
    } finally {
      this.#reply({ kind: "free", slot });
    }
  }

  async #finish(): Promise<void> {
    // Without a job it has failed already, and been answered.
    if (!this.#job) return;
    const unpacked = await this.#job.end();
    this.#endJob();
    this.#reply({ kind: "done", unpacked });
  }

  #endJob(): void {
    const ended = this.#job;
    this.#job = undefined;
    ended?.close();
  }

  #fail(error: Error & { code?: string }): void {
    this.#endJob();
    const digest = error instanceof ContentError ? error.digest : undefined;
    this.#reply({ kind: "failed", message: error.message, code: error.code, digest });
  }

  #reply(message: WorkerReply): void {
    this.#port.postMessage(message);
  }
}

/** Here and not by the daemon, in which the folders of all layers of an image would be made at the same moment. */
function makeFolder({ folder }: LayerTask): void {
  mkdirSync(folder, { mode: 0o755 });
}
