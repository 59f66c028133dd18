/** The CNI configuration of a daemon under test, changed while the daemon runs. */
import assert from "node:assert/strict";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Daemon } from "./daemon.ts";
import { eventually } from "./eventually.ts";

export interface Conflist {
  cniVersion: string;
  name: string;
  plugins: { type: string; [key: string]: unknown }[];
}

/** Writes what `change` makes of the daemon's conflist, and waits until it is in force. */
export async function changeNetwork(daemon: Daemon, change: (conflist: Conflist) => void): Promise<void> {
  const path = join(daemon.network.confDir, "10-bridge.conflist");
  const conflist = JSON.parse(readFileSync(path, "utf8")) as Conflist;
  change(conflist);
  writeFileSync(`${path}.new`, JSON.stringify(conflist));
  renameSync(`${path}.new`, path);
  await eventually(async () => {
    const { info } = await daemon.client.runtime.Status({ verbose: true });
    const { network } = JSON.parse(info.cniconfig!);
    assert.deepEqual(network?.plugins, conflist.plugins);
    assert.equal(network.cniVersion, conflist.cniVersion);
  });
}
