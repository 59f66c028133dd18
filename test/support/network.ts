/** A bridge network of one's own for a runtime under test: names, a subnet nobody uses, the CNI configuration. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface TestNetwork {
  /** Name of the CNI network; iptables rules bear it in their comments. */
  name: string;
  bridge: string;
  /** The first three quarters of a /22 that starts there: `10.N.M`. */
  subnet: string;
  /** Folder of the CNI configuration. */
  confDir: string;
  /** Folder of host-local's leases, one file an address. */
  leaseDir: string;
}

/** Where Debian keeps the CNI plugins. */
export const CNI_BIN_DIR = "/usr/lib/cni";

/**
 * Writes a conflist of bridge, host-local, portmap and then `plugins` into `folder`/cni. `label` is at most five
 * letters long.
 */
export async function createNetwork(
  folder: string,
  label: string,
  plugins: object[] = [],
): Promise<TestNetwork> {
  const { number, subnet } = await freeSubnet();
  const name = `${label}-${number}`;
  const network = {
    name,
    bridge: `br-${name}`.slice(0, 15),
    subnet,
    confDir: join(folder, "cni"),
    leaseDir: join(folder, "leases", name),
  };
  await mkdir(network.confDir, { recursive: true });
  await writeFile(
    join(network.confDir, "10-bridge.conflist"),
    JSON.stringify(conflist(network, folder, plugins), null, 2),
  );
  return network;
}

function conflist(network: TestNetwork, folder: string, more: object[]): object {
  const bridge = {
    type: "bridge",
    bridge: network.bridge,
    isGateway: true,
    ipMasq: true,
    ipam: {
      type: "host-local",
      dataDir: join(folder, "leases"),
      ranges: [[{ subnet: `${network.subnet}.0/22` }]],
      routes: [{ dst: "0.0.0.0/0" }],
    },
  };
  const portmap = { type: "portmap", capabilities: { portMappings: true } };
  return { cniVersion: "1.0.0", name: network.name, plugins: [bridge, portmap, ...more] };
}

/** A /22 of 10.64.0.0/10 that no interface of this machine is in; where the search starts differs by process. */
async function freeSubnet(): Promise<{ number: number; subnet: string }> {
  const taken = Object.values(networkInterfaces()).flatMap(
    (addresses) => addresses?.map(({ address }) => address) ?? [],
  );
  for (let step = 0; ; step++) {
    const number = (process.pid * 7 + step) % 4096;
    const subnet = `10.${64 + (number >> 6)}.${(number & 63) << 2}`;
    if (taken.some((address) => address.startsWith(`${subnet}.`))) continue;
    if (await reserve(number)) return { number, subnet };
  }
}

/**
 * Takes the number for as long as this process lives, unless one of this machine has it: a bridge is only there once its first
 * pod is. The kernel gives an abstract socket's name back when the process ends, however it ends.
 */
function reserve(number: number): Promise<boolean> {
  const server = createServer().unref();
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(false) : reject(error),
    );
    server.listen({ path: `\0critter-test-network-${number}` }, () => resolve(true));
  });
}

/**
 * Deletes the bridge and the iptables rules and chains of the network that a killed runtime left; chains to which no rule leads
 * (any more) only of the pods `ids`.
 */
export async function removeNetwork(network: TestNetwork, ids: readonly string[] = []): Promise<void> {
  await run("ip", ["link", "delete", network.bridge]).catch(ignoreAbsent);
  const rules = await rulesOf(network);
  const chains = new Set<string>();
  for (const { table, rule } of rules.map(parse)) {
    await run("iptables", ["-w", "-t", table, "-D", ...rule]).catch(ignoreAbsent);
    for (const chain of rule.filter((word) => /^CNI-([0-9a-f]{24}|(DN|SN)-[0-9a-f]+)$/.test(word)))
      chains.add(chain);
  }
  if (ids.length > 0) {
    const there = new Set(await iptablesChains());
    for (const chain of ids.flatMap((id) => chainsOf(network, id))) if (there.has(chain)) chains.add(chain);
  }
  for (const chain of chains) {
    await run("iptables", ["-w", "-t", "nat", "-F", chain]).catch(ignoreAbsent);
    await run("iptables", ["-w", "-t", "nat", "-X", chain]).catch(ignoreAbsent);
  }
}

function ignoreAbsent(): void {}

/** As the plugins name the chains of a pod: of bridge's masquerading, and of portmap. */
export function chainsOf({ name }: TestNetwork, id: string): string[] {
  const hash = createHash("sha512").update(`${name}${id}`).digest("hex");
  return [`CNI-${hash.slice(0, 24)}`, `CNI-DN-${hash.slice(0, 21)}`];
}

/** The rules that bridge and portmap made for pods of the network; they bear its name in a quoted comment. */
export async function rulesOf({ name }: TestNetwork): Promise<string[]> {
  return (await iptablesRules()).filter((rule) => rule.includes(`\\"${name}\\"`));
}

/** The rules of the tables nat and filter, one `TABLE RULE` a line, as iptables-save prints them. */
export async function iptablesRules(): Promise<string[]> {
  return (await iptablesSave()).rules;
}

/** As `iptablesRules`, with the names of all chains. */
export async function iptablesSave(): Promise<{ rules: string[]; chains: string[] }> {
  const { stdout } = await run("iptables-save", [], { maxBuffer: 64 * 1024 * 1024 });
  const rules: string[] = [];
  let table = "";
  for (const line of stdout.split("\n")) {
    if (line.startsWith("*")) table = line.slice(1);
    if (line.startsWith("-A ")) rules.push(`${table} ${line}`);
  }
  return { rules, chains: [...stdout.matchAll(/^:(\S+)/gm)].map(([, name]) => name!) };
}

/** The names of all chains of the tables nat and filter. */
export async function iptablesChains(): Promise<string[]> {
  return (await iptablesSave()).chains;
}

/** Words of a rule without its table and `-A`; iptables-save quotes with double quotes and backslashes. */
function parse(line: string): { table: string; rule: string[] } {
  const [table, , ...words] = (line.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []) as [string, string, ...string[]];
  const rule = words.map((word) => (word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/g, "$1") : word));
  return { table, rule };
}
