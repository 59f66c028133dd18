/** Block devices by the names that a person knows them by. */
import { readlinkSync } from "node:fs";
import { basename } from "node:path";

/** Remembers names for a while: a device may go, and its number be another's. */
export class DeviceNames {
  readonly #names = new Map<string, string>();
  readonly #folder: string;

  /** `folder` is that of sysfs(5) in which numbers link to devices. */
  constructor(folder = "/sys/dev/block") {
    this.#folder = folder;
  }

  /** `/dev/NAME`, or `MAJOR:MINOR` of a device that has gone. */
  nameOf(major: number, minor: number): string {
    const number = `${major}:${minor}`;
    const known = this.#names.get(number);
    if (known !== undefined) return known;
    const name = this.#find(number);
    this.#names.set(number, name);
    return name;
  }

  forget(): void {
    this.#names.clear();
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
