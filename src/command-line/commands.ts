/** critter's commands and their options: what is parsed, the help and the completions of shells come from here. */
import type { Completion, Options } from "./option.ts";

export const levels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

const help = { type: "boolean", short: "h", about: "print this" } as const;
const socket = {
  type: "string",
  argument: "PATH",
  about: "CRI socket (default: the configuration's)",
  completes: "files",
} as const;
const configOfSocket = {
  type: "string",
  short: "c",
  argument: "FILE",
  about: "crio.conf(5) that names the socket",
  completes: "files",
} as const;

/** Of commands that ask a running daemon and print its answer. */
export const clientOptions = {
  json: { type: "boolean", about: "print JSON, for programs" },
  socket,
  config: configOfSocket,
  help,
} as const satisfies Options;

export const serveOptions = {
  config: {
    type: "string",
    short: "c",
    argument: "FILE",
    about: "crio.conf(5); drop-ins are in FILE.d/*.conf (default /etc/critter/crio.conf, if it exists)",
    completes: "files",
  },
  "log-level": {
    type: "string",
    short: "l",
    argument: "LEVEL",
    about: `${levels.slice(0, -1).join(", ")} or ${levels.at(-1)}; goes before the configuration's log_level`,
    completes: levels,
  },
  help,
} as const satisfies Options;

export const runOptions = {
  env: {
    type: "string",
    short: "e",
    multiple: true,
    argument: "NAME=VALUE",
    about: "environment variable; NAME alone takes the value from here",
  },
  publish: {
    type: "string",
    short: "p",
    multiple: true,
    argument: "[ADDRESS:]HOST:CONTAINER[/tcp|udp|sctp]",
    about: "host port that leads to a port of the container",
  },
  volume: {
    type: "string",
    short: "v",
    multiple: true,
    argument: "HOST:CONTAINER[:ro]",
    about: "file or folder of the host in the container",
    completes: "files",
  },
  tty: { type: "boolean", short: "t", about: "give the container a terminal, for its output only" },
  quiet: { type: "boolean", short: "q", about: "say nothing of the pull" },
  name: { type: "string", argument: "NAME", about: "name and hostname of the pod" },
  runtime: { type: "string", argument: "HANDLER", about: "runtime handler", completes: "handlers" },
  "cgroup-parent": {
    type: "string",
    argument: "CGROUP",
    about: "cgroup above the pod's, in the form of the runtime's cgroup driver",
  },
  socket,
  config: configOfSocket,
  help,
} as const satisfies Options;

export const configOptions = {
  config: serveOptions.config,
  default: { type: "boolean", about: "leave files aside and print the defaults" },
  "from-crio": {
    type: "string",
    argument: "FILE|FOLDER...",
    about: "CRI-O's crio.conf, and more files or folders of drop-ins, the later one wins",
    completes: "files",
  },
  "from-containerd": {
    type: "string",
    argument: "FILE",
    about: "containerd's config.toml, with the files that it imports",
    completes: "files",
  },
  registries: {
    type: "boolean",
    about: "with --from-containerd: print the lines for registries.conf instead",
  },
  help,
} as const satisfies Options;

export const checkOptions = {
  config: {
    type: "string",
    short: "c",
    argument: "FILE",
    about: "crio.conf(5), as the daemon has it",
    completes: "files",
  },
  repair: {
    type: "boolean",
    about: "remove what is broken: damaged images, so that the kubelet pulls them anew, and what nobody owns",
  },
  help,
} as const satisfies Options;

export const completionOptions = { help } as const satisfies Options;

export const shells = ["bash", "zsh", "fish"] as const;

export interface Command {
  /** What comes after the command's name. */
  synopsis: string;
  about: string;
  options: Options;
  /** What a shell offers where no option is. */
  completes?: Completion;
}

/** Every command by name; without one, critter serves. */
export const commands = {
  run: {
    synopsis: "[OPTIONS] IMAGE [-- COMMAND [ARG...]]",
    about: "run one container in a pod of its own",
    options: runOptions,
    completes: "images",
  },
  status: {
    synopsis: "[OPTIONS]",
    about: "show what runs, since when and at what cost",
    options: clientOptions,
  },
  inspect: {
    synopsis: "[OPTIONS] NAME|ID",
    about: "show a pod, a container or an image",
    options: clientOptions,
    completes: "names",
  },
  config: {
    synopsis: "[OPTIONS]",
    about: "print the configuration in effect, or what that of CRI-O or containerd comes to here",
    options: configOptions,
    completes: "files",
  },
  check: {
    synopsis: "[--repair]",
    about: "verify the images of a daemon that does not run",
    options: checkOptions,
  },
  completion: {
    synopsis: "bash|zsh|fish",
    about: "print the completion of commands for a shell",
    options: completionOptions,
    completes: shells,
  },
  version: { synopsis: "", about: "print the version", options: {} },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof commands;

/** The commands as they are told of, in order. */
export const commandList: readonly (Command & { name: string })[] = Object.entries(commands).map(
  ([name, command]) => ({ name, ...command }),
);
