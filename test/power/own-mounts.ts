/** Mounts of one's own: a disk that other processes' mount namespaces have a copy of cannot be mounted again. */

/** Says to the program started anew that it is. */
const MARK = "CRITTER_OWN_MOUNTS";

/** Starts this program anew in a mount namespace of its own, unless it is in one: all that it mounts goes with it. */
export function takeOwnMounts(): void {
  if (process.env[MARK]) return;
  const unshare = ["env", "unshare", "--mount", "--propagation", "private"];
  const environment = { ...process.env, [MARK]: "1" };
  process.execve!("/usr/bin/env", [...unshare, process.execPath, ...process.argv.slice(1)], environment);
}
