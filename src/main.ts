/** The command line. Each command loads only what it needs: a client must not wait for the daemon's modules. */
import { parseArgs } from "node:util";
import { parseOptions, UsageError } from "./usage.ts";

const help = `Usage: critter [OPTIONS]            serve the CRI, in the foreground
       critter run [OPTIONS] IMAGE [-- COMMAND [ARG...]]
                                    run one container in a pod of its own (critter run --help)
       critter status [OPTIONS]     show what runs, since when and at what cost (critter status --help)
       critter inspect [OPTIONS] NAME|ID
                                    show a pod, a container or an image (critter inspect --help)
       critter config [OPTIONS]     print the configuration in effect, or translate another runtime's
                                    (critter config --help)
       critter check [--repair]     verify the images of a daemon that does not run (critter check --help)
       critter version              print the version

Options:
  -c, --config FILE      crio.conf(5); drop-ins are in FILE.d/*.conf (default /etc/critter/crio.conf, if it exists)
  -l, --log-level LEVEL  trace, debug, info, warn, error or fatal; goes before the configuration's log_level
  -h, --help             print this
`;

const levels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

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
    case "version":
    case "--version":
      return printVersion(rest);
    default:
      return serve(argv);
  }
}

async function serve(argv: string[]): Promise<number> {
  const { values } = parseOptions(() =>
    parseArgs({
      args: argv,
      options: {
        config: { type: "string", short: "c" },
        "log-level": { type: "string", short: "l" },
        help: { type: "boolean", short: "h" },
      },
    }),
  );
  if (values.help) return print(help);
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
