/** Which changes of a configuration a running daemon takes over on SIGHUP. */
import { isDeepStrictEqual } from "node:util";
import { camel } from "./load.ts";
import { type Config, groups, tables } from "./schema.ts";

export interface Reload {
  /** The old configuration with the new values of the keys that may change. */
  config: Config;
  /** Full names of the keys that have a new value now, such as `crio.runtime.log_level`. */
  applied: string[];
  /** Full names of those that changed in the file but wait for a restart. */
  waiting: string[];
}

/** What of `next` a daemon that runs with `current` may take over; neither is changed. */
export function reloadable(current: Config, next: Config): Reload {
  const result: Reload = { config: structuredClone(current), applied: [], waiting: [] };
  for (const group of groups) {
    for (const [name, key] of Object.entries(tables[group].keys)) {
      const field = camel(name) as keyof Config[typeof group];
      if (isDeepStrictEqual(current[group][field], next[group][field])) continue;
      (key.reload ? result.applied : result.waiting).push(`${tables[group].name}.${name}`);
      if (key.reload) result.config[group][field] = next[group][field];
    }
  }
  if (!isDeepStrictEqual(current.runtime.runtimes, next.runtime.runtimes))
    result.waiting.push(tables.handler.name);
  return result;
}
