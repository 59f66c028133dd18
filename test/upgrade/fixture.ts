/** State folders that earlier critters have left, packed, and what is known of each. */
import { join } from "node:path";
import type { Int64 } from "../../src/cri/messages.ts";
import type { Landed } from "./landed.ts";

/** Small, and runnable with nothing else. */
export const PAUSE = "registry.k8s.io/pause:3.9";

export interface Fixture {
  landed: Landed;
  /** Where the daemon ran: records name paths in there. */
  folder: string;
  network: { name: string; bridge: string; subnet: string };
  /** Ids. */
  pods: { ready: string[]; stopped: string[] };
  /** Of the first pod. */
  containers: {
    running: string;
    created: string;
    exited: { id: string; finishedAt: Int64; exitCode: number };
  };
  images: { id: string; repoTags: string[] }[];
}

export function fixtureFile({ commit }: Landed): string {
  return join(import.meta.dirname, "fixtures", `${commit.slice(0, 7)}.tar.gz`);
}
