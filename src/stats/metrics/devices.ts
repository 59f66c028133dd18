/** Block devices by the names that a person knows them by. */
import { readlinkSync } from "node:fs";
import { basename } from "node:path";

/** A name is good for so long: the device may go, and its number be another's. */
const freshMs = 60_000;

export class DeviceNames {
  readonly #folder: string;
  readonly #names = new Map<string, string>();
  #due = performance.now() + freshMs;

  /** `folder` is the one of sysfs(5) in which numbers link to devices. */
  constructor(folder = "/sys/dev/block") {
    this.#folder = folder;
  }

  /** `/dev/NAME`, or `MAJOR:MINOR` of a device that has gone. */
  nameOf(major: number, minor: number): string {
    if (performance.now() > this.#due) this.#forget();
    const number = `${major}:${minor}`;
    const known = this.#names.get(number);
    if (known !== undefined) return known;
    const name = this.#find(number);
    this.#names.set(number, name);
    return name;
  }

  #forget(): void {
    this.#names.clear();
    this.#due = performance.now() + freshMs;
  }

  #find(number: string): string {
    try {
      // In names of sysfs a "!" stands for a slash: cciss!c0d0.
      return `/dev/${basename(readlinkSync(`${this.#folder}/${number}`)).replaceAll("!", "/")}`;
    } catch {
      return number;
    }
  }
}
