/** `critter config`: the configuration in effect, the defaults, or that of another runtime in critter's terms. */
import { parseArgs } from "node:util";
import { configOptions } from "./command-line/commands.ts";
import { optionsHelp } from "./command-line/option.ts";
import { renderConfig } from "./config/example.ts";
import { buildConfig, ConfigError, readConfiguredSettings, systemdRuns } from "./config/load.ts";
import { settingsOf } from "./config/settings.ts";
import { translateContainerd } from "./config/translate/containerd.ts";
import { translateCrio } from "./config/translate/crio.ts";
import { renderTranslation, reportOf } from "./config/translate/render.ts";
import type { Translation } from "./config/translate/translation.ts";
import { parseOptions, UsageError } from "./usage.ts";

const configHelp = `Usage: critter config [OPTIONS]
       critter config --from-crio FILE|FOLDER...
       critter config --from-containerd FILE

Prints the configuration in effect, as a crio.conf with every key explained. With --from-crio or --from-containerd it
prints what the files of that runtime come to in critter's terms, and says on standard error and in comments what has
no equivalent, what changes its meaning and what is ignored. Nothing is written to any file.

${optionsHelp(configOptions)}`;

const crioAdvice = [
  "Registries, credentials, signature policies, CDI and CNI are read from the same files by both.",
  "What is not here is at critter's default: critter config --default.",
];
const containerdAdvice = [
  "critter reads registries.conf, policy.json and mounts.conf in /etc/containers too, where they are; containerd does not.",
  "What is not here is at critter's default: critter config --default.",
];

/** Runs the command and answers the exit status. Throws UsageError, and ConfigError for files that cannot be used. */
export function configCommand(argv: string[]): number {
  const { values, positionals } = parseOptions(() =>
    parseArgs({ args: argv, allowPositionals: true, options: configOptions }),
  );
  if (values.help) return print(configHelp);
  const { "from-crio": crio, "from-containerd": containerd } = values;
  const chosen = [values.config, values.default, crio, containerd].filter((one) => one !== undefined);
  if (chosen.length > 1)
    throw new UsageError("--config, --default, --from-crio and --from-containerd exclude each other");
  if (positionals.length > 0 && crio === undefined)
    throw new UsageError(`unexpected ${JSON.stringify(positionals[0])}`);
  if (values.registries && containerd === undefined)
    throw new UsageError("--registries goes with --from-containerd");

  if (values.default) return print(renderConfig());
  if (crio !== undefined) {
    const paths = [crio, ...positionals];
    return printTranslation(translateCrio(paths), paths.join(", "), crioAdvice);
  }
  if (containerd === undefined) return printEffective(values.config);
  const translation = translateContainerd(containerd);
  if (values.registries) return print(translation.registries.map((line) => `${line}\n`).join(""));
  return printTranslation(translation, containerd, containerdAdvice);
}

function printEffective(file: string | undefined): number {
  const settings = readConfiguredSettings(file);
  // What is printed is a configuration that the daemon would take.
  buildConfig(settings, systemdRuns());
  return print(renderConfig(settings));
}

function printTranslation(translation: Translation, source: string, advice: string[]): number {
  const text = renderTranslation(translation, source, advice);
  process.stderr.write(reportOf(translation));
  print(text);
  try {
    buildConfig(settingsOf("the translation", text), systemdRuns());
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`critter would not start with this: ${error.message}`, { cause: error });
  }
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
