/** What a node has before critter comes to it, and what docs/install.md takes for granted. */
import { copyFile, mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeRegistriesConf } from "../../registry/mirrors.ts";
import { HOME, shell } from "./page.ts";

const TOOLS = "/cache/bin";

/** A network of its own, with a default route: the machine has no other. */
const NETWORK = `[Unit]
Description=the machine's network
DefaultDependencies=no
Before=network.target network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=ip link add lan0 type dummy
ExecStart=ip address add 192.0.2.2/24 dev lan0
ExecStart=ip link set lan0 up
ExecStart=ip route add default via 192.0.2.1

[Install]
WantedBy=multi-user.target
`;

/**
 * Makes the machine a node without a runtime: a network, the kubelet, crictl, mirrors at `registry`, and critter's file in
 * root's home. apt has no sources, as nobody answers there: the packages of the page are in the image already.
 */
export async function prepareNode(registry: string): Promise<void> {
  await writeFile("/etc/systemd/system/lan.service", NETWORK);
  await shell("rm -rf /etc/apt/sources.list /etc/apt/sources.list.d && systemctl enable --now lan.service");
  await copyTool(join(TOOLS, "kubelet/kubelet"));
  await copyTool(join(TOOLS, "critest/crictl"));
  await mkdir("/etc/containers", { recursive: true });
  await writeRegistriesConf("/etc/containers", registry);
  const file = (await readdir("/payload")).find((name) => name.endsWith(".tgz"));
  if (!file) throw new Error("the payload has no package of critter");
  await rm(join(HOME, "critter.tgz"), { force: true });
  await symlink(join("/payload", file), join(HOME, "critter.tgz"));
}

async function copyTool(path: string): Promise<void> {
  await copyFile(path, join("/usr/bin", path.slice(path.lastIndexOf("/") + 1)));
}
