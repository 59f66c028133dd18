/** A tree of folders that is deeper than a path may be long, as a container can make one. */
import { execFileSync } from "node:child_process";

/** 3 folders with 15 below each, and the file. */
export const DEEP_TREE_INODES = 49;

/**
 * Shell script that makes it where it is run, with a file of 100,000 bytes at its end: 9 KiB of names. A third is put below the other
 * by its name there, for no shell goes where its own path is too long.
 */
export const DEEP_TREE = `
  name=$(printf %0200d 0)
  deep=$name/$name/$name/$name/$name/$name/$name/$name/$name/$name/$name/$name/$name/$name/$name
  mkdir one two three
  head -c 100000 /dev/zero > one/file
  mkdir -p one/$deep two/$deep three/$deep
  mv one/file one/$deep/file
  mv one two/$deep/one
  mv two three/$deep/two`;

export function makeDeepTree(folder: string): void {
  execFileSync("sh", ["-ec", DEEP_TREE], { cwd: folder });
}
