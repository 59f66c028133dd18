/** Lines of containers-registries.conf(5) for one registry and the endpoints that containerd asks for its images. */

/** A server that is asked: its host, and what registries.conf calls `location`. */
interface Endpoint {
  host: string;
  location: string;
  plain: boolean;
}

/** Hosts that serve what is named otherwise. */
const servers: Readonly<Record<string, string>> = { "docker.io": "registry-1.docker.io" };

/** The tables of `registry`; `insecure` says whose certificates are not checked. */
export function registryLines(
  registry: string,
  urls: readonly string[],
  insecure: (host: string) => boolean,
): string[] {
  const server = servers[registry] ?? registry;
  const endpoints = urls.flatMap((url) => endpointOf(url) ?? []);
  const isRegistry = ({ location }: Endpoint) => location === registry || location === server;
  const own = endpoints.filter(isRegistry);
  const mirrors = endpoints.filter((endpoint) => !isRegistry(endpoint));
  const unverified = insecure(registry) || insecure(server) || own.some(({ plain }) => plain);
  if (mirrors.length === 0 && !unverified) return [];
  return [
    "[[registry]]",
    `prefix = ${JSON.stringify(registry)}`,
    `location = ${JSON.stringify(registry)}`,
    ...(unverified ? ["insecure = true"] : []),
    ...mirrors.flatMap(({ host, location, plain }) => [
      "[[registry.mirror]]",
      `location = ${JSON.stringify(location)}`,
      ...(plain || insecure(host) ? ["insecure = true"] : []),
    ]),
    "",
  ];
}

/** What registries.conf can say of `url`; undefined where its path does not begin with /v2, as containers/image asks. */
export function endpointOf(url: string): Endpoint | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, host, pathname, username, password } = new URL(url);
  const path = pathname.replace(/\/+$/, "");
  const below = path === "" ? "" : /^\/v2(\/.+)?$/.exec(path)?.[1];
  const plain = protocol === "http:";
  if ((!plain && protocol !== "https:") || username || password) return undefined;
  if (path !== "" && path !== "/v2" && below === undefined) return undefined;
  return { host, location: `${host}${below ?? ""}`, plain };
}
