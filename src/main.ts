/** The command line. Each command loads only what it needs: a client must not wait for the daemon's modules. */
import { parseArgs } from "node:util";
import { levels, serveOptions } from "./command-line/commands.ts";
import { parseOptions, UsageError } from "./usage.ts";

async function main(argv: string[]): Promise<number> {
  const [command, ...rest] = argv;
  switch (command) {
    case "run":
      return (await import("./client/run-command.ts")).runCommand(rest);
    case "status":
      return (await import("./client/status-command.ts")).statusCommand(rest);
    case "inspect":
      return (await import("./client/inspect-command.ts")).inspectCommand(rest);
    case "check":
      return (await import("./check.ts")).checkCommand(rest);
    case "config":
      return (await import("./config-command.ts")).configCommand(rest);
    case "completion":
      return (await import("./completion-command.ts")).completionCommand(rest);
    case "version":
    case "--version":
      return printVersion(rest);
    default:
      return serve(argv);
  }
}

async function serve(argv: string[]): Promise<number> {
  const { values } = parseOptions(() => parseArgs({ args: argv, options: serveOptions }));
  if (values.help) return print((await import("./command-line/help.ts")).mainHelp());
  const given = values["log-level"];
  const level = levels.find((candidate) => candidate === given);
  if (given !== undefined && !level) {
    throw new UsageError(`--log-level is ${JSON.stringify(given)}, it must be one of ${levels.join(", ")}`);
  }
  const { loadConfig } = await import("./config/load.ts");
  const read = () => {
    const config = loadConfig(values.config);
    if (level) config.runtime.logLevel = level;
    return config;
  };
  const config = read();
  const { runDaemon } = await import("./daemon.ts");
  await runDaemon(config, read);
  return 0;
}

async function printVersion(argv: string[]): Promise<number> {
  if (argv.length > 0) throw new UsageError(`version takes no argument ${JSON.stringify(argv[0])}`);
  const { version } = await import("./version.ts");
  return print(`critter ${version}\n`);
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const usage = error instanceof UsageError;
  process.stderr.write(`critter: ${(error as Error).message}${usage ? "\nSee: critter --help" : ""}\n`);
  // Not by itself: a daemon that has recovered its pods watches them, and would never serve.
  process.exit(usage ? 2 : 1);
}
