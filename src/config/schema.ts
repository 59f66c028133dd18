/** Every table and key of crio.conf that critter reads. Defaults, validation, types and the example come from here. */
import { handlerKeys } from "./handler-keys.ts";
import { imageKeys } from "./image-keys.ts";
import { type Key, path, paths, text, whole } from "./key.ts";
import { metricsKeys } from "./metrics-keys.ts";
import { runtimeKeys } from "./runtime-keys.ts";
import { statsKeys } from "./stats-keys.ts";
import { streamKeys } from "./stream-keys.ts";
import { tracingKeys } from "./tracing-keys.ts";

export type Keys = Record<string, Key<unknown>>;

const megabyte = 1024 * 1024;

const crio = {
  root: path("/var/lib/critter", "Folder of what outlives a reboot: images, layers, the state database."),
  runroot: path("/run/critter", "Folder of what a reboot ends: mounts, bundles, sockets. A tmpfs is best."),
} satisfies Keys;

const api = {
  listen: path("/run/critter/critter.sock", "Unix socket of the CRI, mode 0660. Its default is in runroot.", {
    derive: ({ runroot }) => `${runroot}/critter.sock`,
  }),
  ...streamKeys,
  grpc_max_send_msg_size: whole(
    80 * megabyte,
    "Largest answer, in bytes.",
    "a number of bytes above 0",
    positive,
  ),
  grpc_max_recv_msg_size: whole(
    80 * megabyte,
    "Largest request, in bytes.",
    "a number of bytes above 0",
    positive,
  ),
} satisfies Keys;

const network = {
  cni_default_network: text(
    "",
    "Name of the CNI network of pods; when empty, the first file of network_dir in order of name.",
  ),
  network_dir: path(
    "/etc/cni/net.d",
    "Folder of the CNI network configurations. Changes in it need no restart.",
  ),
  plugin_dirs: paths(
    ["/opt/cni/bin", "/usr/libexec/cni", "/usr/lib/cni"],
    "Folders of the CNI plugins, searched in this order.",
  ),
} satisfies Keys;

/** The tables in the order of the example. `handler` stands for `[crio.runtime.runtimes.NAME]`, any number of times. */
export const tables = {
  crio: { name: "crio", keys: crio },
  api: { name: "crio.api", keys: api },
  runtime: { name: "crio.runtime", keys: runtimeKeys },
  handler: { name: "crio.runtime.runtimes", keys: handlerKeys },
  image: { name: "crio.image", keys: imageKeys },
  network: { name: "crio.network", keys: network },
  stats: { name: "crio.stats", keys: statsKeys },
  metrics: { name: "crio.metrics", keys: metricsKeys },
  tracing: { name: "crio.tracing", keys: tracingKeys },
} as const;

/** A table of which there is one. */
export type Group = Exclude<keyof typeof tables, "handler">;

/** All of them, in the order of the example. */
export const groups = (Object.keys(tables) as (keyof typeof tables)[]).filter(
  (name): name is Group => name !== "handler",
);

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : S;
type Values<K extends Keys> = {
  -readonly [Name in keyof K & string as Camel<Name>]: K[Name] extends Key<infer T> ? T : never;
};

/** One runtime handler: `[crio.runtime.runtimes.NAME]`. */
export type RuntimeHandlerConfig = Values<typeof handlerKeys>;

/** What crio.conf says, every key with a value; names are crio.conf's in camelCase, grouped by table. */
export type Config = { [Name in Group]: Values<(typeof tables)[Name]["keys"]> } & {
  /** `runtimes` has an entry for `defaultRuntime` at least. */
  runtime: { runtimes: Record<string, RuntimeHandlerConfig> };
};

function positive(value: number): boolean {
  return value > 0;
}
