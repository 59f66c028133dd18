/** What commands that ask a running daemon have in common: their options, and the way to its socket. */
import { parseArgs } from "node:util";
import { clientOptions } from "../command-line/commands.ts";
import { optionsHelp } from "../command-line/option.ts";
import { parseOptions } from "../usage.ts";
import { CriClient } from "./cri-client.ts";

/** Explains the options, in a command's help. */
export const clientOptionsHelp = optionsHelp(clientOptions);

/** Milliseconds that who waits at a terminal gives a daemon for one answer. */
export const PATIENCE_MS = 20_000;

/** Which socket is meant. */
export interface Endpoint {
  socket?: string | undefined;
  /** crio.conf(5) that names the socket; the default one when absent. */
  config?: string | undefined;
}

export interface ClientOptions extends Endpoint {
  help: boolean;
  json: boolean;
  positionals: string[];
}

/** @throws UsageError */
export function parseClientOptions(argv: string[]): ClientOptions {
  const { values, positionals } = parseOptions(() =>
    parseArgs({ args: argv, allowPositionals: true, options: clientOptions }),
  );
  const { json = false, help = false, socket, config } = values;
  return { help, json, socket, config, positionals };
}

/** A client of the socket that is named, else of the configuration's; `timeout` as CriClient has it. */
export async function connectTo({ socket, config }: Endpoint, timeout?: number): Promise<CriClient> {
  return new CriClient(socket ?? (await configuredSocket(config)), timeout);
}

async function configuredSocket(file: string | undefined): Promise<string> {
  const { loadConfig } = await import("../config/load.ts");
  return loadConfig(file).api.listen;
}

/** Writes a command's answer. A reader that has gone, such as `head`, is no failure. */
export function answer(text: string): number {
  process.stdout.on("error", () => {});
  process.stdout.write(text);
  return 0;
}
