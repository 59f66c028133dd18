/** /run as a node has it: what a runtime keeps there is no file of the disk's. */
import { mkdirSync } from "node:fs";
import { mount } from "../../src/linux/mount.ts";

/** Makes `folder`, a tmpfs; `sweep` of a folder above takes it away. */
export function makeTmpfs(folder: string): void {
  mkdirSync(folder, { recursive: true });
  mount("tmpfs", folder, "tmpfs", 0, "mode=0711");
}
