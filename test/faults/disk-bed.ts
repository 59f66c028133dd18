/** A daemon one of whose folders is a small disk of its own. */
import { join } from "node:path";
import { type DaemonBed, daemonBed } from "./daemon-bed.ts";
import { type Fault, faultSuite, type RunnableSuite } from "./fault.ts";
import { SmallDisk, type SmallDiskOptions } from "./small-disk.ts";

export interface DiskBed extends AsyncDisposable {
  bed: DaemonBed;
  disk: SmallDisk;
}

/** A suite whose daemon has `folder`, below its own, on the disk. */
export function diskSuite(
  name: string,
  folder: string,
  options: SmallDiskOptions,
  faults: readonly Fault<DiskBed>[],
): RunnableSuite {
  return faultSuite<DiskBed>({
    name,
    async prepare(context) {
      let disk: SmallDisk | undefined;
      const prepare = async (parent: string) => {
        disk = new SmallDisk(join(parent, folder), options);
      };
      const bed = await daemonBed(context, { prepare });
      return { bed, disk: disk!, [Symbol.asyncDispose]: () => bed[Symbol.asyncDispose]() };
    },
    check: ({ bed }) => bed.leftNothing(),
    faults,
  });
}
