/** The node of a machine whose power goes: a daemon whose folder is on the machine's own disk, and is found again by the next boot. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type KnownImage, knowImages } from "../../power/contents.ts";
import type { ImageSources } from "../../power/image-sources.ts";
import { configure, Daemon } from "../../support/daemon.ts";
import { createNetwork, type TestNetwork } from "../../support/network.ts";

const FOLDER = "/var/lib/critter-power";
/** What the first boot leaves for the others. */
const STATE = "/var/lib/critter-power.json";

interface State {
  network: TestNetwork;
  images: [reference: string, image: KnownImage][];
}

export interface KnownNode {
  daemon: Daemon;
  /** By reference. */
  images: ReadonlyMap<string, KnownImage>;
}

/** Makes the node and looks at the images while nothing happens to them. */
export async function firstNode(sources: ImageSources): Promise<KnownNode> {
  // As /var/lib is: root of a user namespace must get to its root filesystem.
  mkdirSync(FOLDER, { mode: 0o711 });
  const network = await createNetwork(FOLDER, "crit");
  const daemon = await start(network, sources);
  const images = await knowImages(daemon, sources.images);
  const state: State = { network, images: [...images] };
  writeFileSync(STATE, JSON.stringify(state), { flush: true });
  return { daemon, images };
}

/** Starts the daemon on what the boot before has left. */
export async function nodeAgain(sources: ImageSources): Promise<KnownNode> {
  const { network, images }: State = JSON.parse(readFileSync(STATE, "utf8"));
  return { daemon: await start(network, sources), images: new Map(images) };
}

async function start(network: TestNetwork, sources: ImageSources): Promise<Daemon> {
  const daemon = new Daemon(FOLDER, network);
  await configure(daemon, { registry: sources.registry, tmpfs: true });
  sources.addTo(FOLDER);
  await daemon.start();
  return daemon;
}
