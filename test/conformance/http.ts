/** Asking a pod's web server. */
import assert from "node:assert/strict";
import { isIPv4 } from "node:net";
import { eventually } from "../support/eventually.ts";
import { SLOW } from "../support/slow.ts";
import type { Pod, SpecContext } from "./spec.ts";

/** The pod's IPv4 address as PodSandboxStatus tells it. */
export async function podAddress(cri: SpecContext, { id }: Pod): Promise<string> {
  const { network } = await cri.podStatus(id);
  assert.ok(network && isIPv4(network.ip), `an IPv4 address: ${JSON.stringify(network)}`);
  return network.ip;
}

/** Asks until the answer is 200, half a minute at most: the server has to start first. */
export async function assertAnswers(url: string): Promise<void> {
  await eventually(async () => {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(5000 * SLOW),
      headers: { connection: "close" },
    });
    await response.arrayBuffer();
    assert.equal(response.status, 200);
  }, 30);
}
