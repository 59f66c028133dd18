/** The filesystem that containers write to. */
import { readFileSync, statfsSync, statSync } from "node:fs";
import { deviceNumber } from "../../linux/device-number.ts";

export interface FilesystemState {
  /** As mount(8) has it: `/dev/vda1`. */
  device: string;
  bytes: number;
  inodes: number;
  inodesFree: number;
}

/** A state is good for so long: all containers of an answer have the same one. */
const freshMs = 1000;

export class Filesystem {
  readonly #folder: string;
  readonly #device: string;
  #state: FilesystemState | undefined;
  #due = 0;

  /** The one that `folder`, which exists, is in. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#device = deviceOf(folder);
  }

  /** As it was a second ago at most. */
  get now(): FilesystemState {
    if (!this.#state || performance.now() > this.#due) {
      const { blocks, bsize, files, ffree } = statfsSync(this.#folder);
      this.#state = { device: this.#device, bytes: blocks * bsize, inodes: files, inodesFree: ffree };
      this.#due = performance.now() + freshMs;
    }
    return this.#state;
  }
}

/** The source of the mount that has the folder's device number; the number itself where none has (a subvolume of btrfs). */
function deviceOf(folder: string): string {
  const { major, minor } = deviceNumber(statSync(folder).dev);
  const number = `${major}:${minor}`;
  for (const line of readFileSync("/proc/self/mountinfo", "utf8").split("\n")) {
    const [mount, source] = line.split(" - ");
    if (mount?.split(" ")[2] === number) return source?.split(" ")[1] ?? number;
  }
  return number;
}
