/**
 * The network of a cluster under test: a namespace of its own, in which every port is free, addresses need not be asked for, and
 * kube-proxy's rules are nobody else's. It goes with the last of its processes and pods.
 */
import { execFileSync, spawnSync } from "node:child_process";

/** Of the node, on its eth0, of which the other end leads nowhere. */
export const NODE_ADDRESS = "192.0.2.10";
const GATEWAY = "192.0.2.1";

/** Set to 1 in the process that runs inside. */
const INSIDE = "CRITTER_TEST_CLUSTER_INSIDE";

/** Runs this program again inside such a network and ends with its status; returns where it is inside already. */
export function enterOwnNetwork(): void {
  if (process.env[INSIDE] !== "1") {
    const args = ["--net", process.execPath, ...process.argv.slice(1)];
    const { status, signal } = spawnSync("unshare", args, {
      stdio: "inherit",
      env: { ...process.env, [INSIDE]: "1" },
    });
    process.exit(status ?? (signal ? 1 : 0));
  }
  ip("link set lo up");
  ip("link add eth0 type veth peer name uplink");
  ip(`address add ${NODE_ADDRESS}/24 dev eth0`);
  ip("link set uplink up");
  ip("link set eth0 up");
  ip(`route add default via ${GATEWAY}`);
}

function ip(words: string): void {
  execFileSync("ip", words.split(" "));
}
