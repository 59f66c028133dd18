/** The disk that comes to the machine anew each time: critter as npm packs it, and a checkout with its packages for the tests. */
import { chmod, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { copyCheckout, packCritter } from "../install/pack.ts";
import { makeDisk } from "./image/disk.ts";
import type { Job } from "./job.ts";

/** What the system's unit starts; without it the machine stays up. */
const START = `#!/bin/sh
exec /payload/node_modules/node/bin/node --disable-warning=ExperimentalWarning /payload/checkout/test/vm/guest/main.ts
`;

/** Makes the disk in `folder` and answers its file. Without a job nothing is started in the machine. */
export async function makePayload(folder: string, job: Job | undefined): Promise<string> {
  const root = join(folder, "payload");
  const checkout = join(root, "checkout");
  await mkdir(root, { recursive: true });
  await copyCheckout(checkout);
  await packCritter(checkout, root);
  await rename(join(checkout, "node_modules"), join(root, "node_modules"));
  await symlink("../node_modules", join(checkout, "node_modules"));
  if (job) {
    await writeFile(join(root, "job.json"), JSON.stringify(job));
    await writeFile(join(root, "start"), START);
    await chmod(join(root, "start"), 0o755);
  }
  const disk = join(folder, "payload.ext4");
  await makeDisk(disk, "payload", root, "2G");
  await rm(root, { recursive: true });
  return disk;
}
