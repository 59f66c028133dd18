/** Writes crio.conf.example, and the configuration in effect, from the table of keys. */
import { stringify } from "smol-toml";
import type { Toml } from "./key.ts";
import { type Keys, tables } from "./schema.ts";
import type { Settings } from "./settings.ts";

const introduction = `# crio.conf: the configuration of critter, in TOML, with the tables and keys of CRI-O where they mean the same.
# Each key is shown with its default, commented out. Files in crio.conf.d/*.conf, beside this one, are read after it
# in order of name. An unknown key is a warning, a wrong value an error. Keys marked (SIGHUP) take effect on SIGHUP.
`;

/** Every key with its explanation: the values of `settings` as they are, defaults commented out. */
export function renderConfig(settings?: Settings): string {
  const parts = [introduction];
  for (const { name, keys } of Object.values(tables)) {
    if (name !== tables.handler.name) parts.push(renderTable(name, keys, settings));
    else
      for (const handler of handlerNames(settings))
        parts.push(renderTable(`${name}.${handler}`, keys, settings));
  }
  return parts.join("\n");
}

function handlerNames(settings?: Settings): string[] {
  return settings && settings.handlers.size > 0
    ? [...settings.handlers]
    : [tables.runtime.keys.default_runtime.shown as string];
}

function renderTable(table: string, keys: Keys, settings?: Settings): string {
  const lines = [`[${table}]`];
  for (const [name, key] of Object.entries(keys)) {
    const given = settings?.byName.get(`${table}.${name}`)?.toml;
    lines.push("", `# ${key.about}${key.reload ? " (SIGHUP)" : ""}`);
    lines.push(given === undefined ? `#${assignment(name, key.shown)}` : assignment(name, given));
  }
  return `${lines.join("\n")}\n`;
}

/** The line `NAME = VALUE`. */
export function assignment(name: string, value: Toml): string {
  if (typeof value !== "object" || Array.isArray(value)) return stringify({ [name]: value }).trimEnd();
  // In one line: a table of its own would end the one it is in.
  const entries = Object.entries(value).map(
    ([key, one]) => `${JSON.stringify(key)} = ${JSON.stringify(one)}`,
  );
  return `${name} = {${entries.length > 0 ? ` ${entries.join(", ")} ` : ""}}`;
}
