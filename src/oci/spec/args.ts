/** What a container runs: the request's command and args over the image's Entrypoint and Cmd. */
import type { ContainerConfig } from "../../cri/messages.ts";
import { invalidArgument } from "../../cri/status-error.ts";
import type { ImageConfig } from "./image-config.ts";

/**
 * The process's arguments. A command without args drops the image's Cmd too, as Kubernetes defines it.
 * INVALID_ARGUMENT when nothing is left to run.
 */
export function processArgs(config: Pick<ContainerConfig, "command" | "args">, image: ImageConfig): string[] {
  const { command, args } = config;
  const own = command.length > 0 ? command : (image.Entrypoint ?? []);
  const inherited = command.length > 0 ? [] : (image.Cmd ?? []);
  const all = [...own, ...(args.length > 0 ? args : inherited)];
  if (all.length === 0)
    throw invalidArgument("config.command", command, "no command specified, and the image has none");
  if (all[0] === "") throw invalidArgument("config.command", all, "the program's name is empty");
  const broken = all.find((argument) => argument.includes("\0"));
  if (broken !== undefined)
    throw invalidArgument("config.command", broken, "an argument cannot hold a NUL byte");
  return all;
}
