/** What an end-to-end file stands on: the registry of the test images and one daemon, which must be left as it was. */
import { after, before } from "node:test";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { type Daemon, type DaemonOptions, startDaemon } from "./daemon.ts";
import { assertNothingLeft, countWithNothing } from "./pods.ts";
import type { Resources } from "./resources.ts";

export interface SuiteOptions extends Omit<DaemonOptions, "registry"> {
  /** Images to pull beforehand, besides busybox. */
  images?: string[];
}

export interface Suite {
  registry: Registry;
  daemon: Daemon;
  /** What the daemon holds when it has no pod. */
  nothing: Resources;
}

/** Registers the hooks of a file or of a `describe`; what it answers is filled before the first test. */
export function suite({ images = [], ...options }: SuiteOptions = {}): Suite {
  const parts = {} as Suite;
  before(async () => {
    await ensureImages("base");
    parts.registry = await Registry.start({ storage: storeFolder() });
    parts.daemon = await startDaemon({ registry: parts.registry.address, ...options });
    for (const image of images) await parts.daemon.client.image.PullImage({ image: { image } });
    parts.nothing = await countWithNothing(parts.daemon);
  });
  after(async () => {
    try {
      if (parts.nothing) await assertNothingLeft(parts.daemon, parts.nothing);
    } finally {
      await parts.daemon?.dispose();
      await parts.registry?.stop();
    }
  });
  return parts;
}
