/**
 * Who owns the pipes at a program's streams, which it may open anew as /dev/stdout. The runtime sees to that, but in a user
 * namespace it cannot: what belongs to nobody there is not its own to give away. */
import { chownSync, readlinkSync } from "node:fs";
import type { Owner } from "../linux/user-namespace.ts";

/** Gives those streams of a process that are pipes to `owner`. */
export function ownStdio(pid: number, { uid, gid }: Owner): void {
  for (const stream of [0, 1, 2]) {
    const path = `/proc/${pid}/fd/${stream}`;
    if (readlinkSync(path).startsWith("pipe:")) chownSync(path, uid, gid);
  }
}
