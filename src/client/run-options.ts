/** The command line of `critter run`. */
import { parseArgs } from "node:util";
import { runOptions } from "../command-line/commands.ts";
import { optionsHelp } from "../command-line/option.ts";
import type { Mount, PortMapping, Protocol } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { parseOptions, UsageError } from "../usage.ts";

export const runHelp = `Usage: critter run [OPTIONS] IMAGE [-- COMMAND [ARG...]]

Runs one container in a pod of its own, prints what it writes, and removes both when it ends or at Ctrl-C. The exit
status is the container's. The image is pulled when it is absent. COMMAND takes the place of the image's CMD.

${optionsHelp(runOptions)}`;

export interface RunOptions {
  help: boolean;
  image: string;
  args: string[];
  env: string[];
  portMappings: Init<PortMapping>[];
  mounts: Init<Mount>[];
  tty: boolean;
  quiet: boolean;
  name?: string;
  runtimeHandler?: string;
  cgroupParent?: string;
  socket?: string;
  config?: string;
}

/** @throws UsageError */
export function parseRunOptions(argv: string[]): RunOptions {
  const end = argv.indexOf("--");
  const own = end < 0 ? argv : argv.slice(0, end);
  const { values, positionals } = parseOptions(() =>
    parseArgs({ args: own, allowPositionals: true, options: runOptions }),
  );
  const [image, ...more] = positionals;
  if (!values.help && !image) throw new UsageError("run needs an image");
  if (more.length > 0)
    throw new UsageError(`unexpected ${JSON.stringify(more[0])}: a command goes after "--"`);
  return {
    help: values.help ?? false,
    image: image ?? "",
    args: end < 0 ? [] : argv.slice(end + 1),
    env: (values.env ?? []).map(variable),
    portMappings: (values.publish ?? []).map(portMapping),
    mounts: (values.volume ?? []).map(mount),
    tty: values.tty ?? false,
    quiet: values.quiet ?? false,
    name: values.name,
    runtimeHandler: values.runtime,
    cgroupParent: values["cgroup-parent"],
    socket: values.socket,
    config: values.config,
  };
}

function variable(given: string): string {
  if (given === "" || given.startsWith("=")) {
    throw new UsageError(`--env is ${JSON.stringify(given)}, it must be NAME=VALUE or NAME`);
  }
  return given.includes("=") ? given : `${given}=${process.env[given] ?? ""}`;
}

function portMapping(given: string): Init<PortMapping> {
  const match = /^(?:(?:\[([0-9a-f:]+)\]|([\d.]+)):)?(\d+):(\d+)(?:\/(tcp|udp|sctp))?$/i.exec(given);
  const [hostPort, containerPort] = [Number(match?.[3]), Number(match?.[4])];
  if (!match || !isPort(hostPort) || !isPort(containerPort)) {
    throw new UsageError(
      `--publish is ${JSON.stringify(given)}, it must be [ADDRESS:]HOST:CONTAINER[/tcp|udp|sctp] with ports from 1 to 65535`,
    );
  }
  const protocol = (match[5] ?? "tcp").toUpperCase() as Protocol;
  return { protocol, hostPort, containerPort, hostIp: match[1] ?? match[2] ?? "" };
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65535;
}

function mount(given: string): Init<Mount> {
  const [hostPath = "", containerPath = "", mode, ...more] = given.split(":");
  const absolute = hostPath.startsWith("/") && containerPath.startsWith("/");
  if (!absolute || more.length > 0 || (mode !== undefined && mode !== "ro" && mode !== "rw")) {
    throw new UsageError(
      `--volume is ${JSON.stringify(given)}, it must be HOST:CONTAINER[:ro] with absolute paths`,
    );
  }
  return { hostPath, containerPath, readonly: mode === "ro" };
}
