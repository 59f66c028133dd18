/** From an endpoint of registries.conf to the servers that are asked: what certs.d says of its host is put in. */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../cri/status-error.ts";
import type { CertsFolders } from "./certs-folders.ts";
import type { HostTls } from "./host-tls.ts";
import type { Capability, RegistryServer } from "./hosts-toml.ts";
import { Reference } from "./reference.ts";
import type { Endpoint } from "./registries-conf.ts";

/** One server asked for one image: `reference` is the name by which its credentials are found. */
export interface Route extends Endpoint {
  /** `https:` or `http:`. */
  scheme: string;
  /** With the port as it was written: it stays the same where the scheme changes. */
  host: string;
  /** Of the API, up to the repository: `/v2`. */
  path: string;
  /** TLS is tried first, plain HTTP where it fails. */
  mayBePlain: boolean;
  tls: HostTls | undefined;
  headers: Record<string, string[]>;
  /** The registry that the server stands for, where that is another: its query parameter `ns`. */
  namespace: string | undefined;
  connectTimeout: number | undefined;
}

/**
 * The routes of the endpoints in order, of those servers that may do all that is `needed`. Throws FAILED_PRECONDITION
 * when none is left, or as `CertsFolders.serversOf`.
 */
export function routesFor(endpoints: Endpoint[], certs: CertsFolders, needed: Capability[]): Route[] {
  const routes = endpoints.flatMap((endpoint) => {
    const servers = certs.serversOf(endpoint.reference.registry);
    if (!servers) return [directRoute(endpoint)];
    return servers
      .filter((server) => needed.every((capability) => server.capabilities.includes(capability)))
      .map((server) => routeBy(endpoint, server));
  });
  if (routes.length > 0) return routes;
  const names = endpoints.map(({ reference }) => reference.name).join(", ");
  throw new StatusError(
    status.FAILED_PRECONDITION,
    `certs.d leaves no server with capabilities ${JSON.stringify(needed)} for ${names}`,
  );
}

/** Docker Hub's API has a name of its own. */
function directRoute(endpoint: Endpoint): Route {
  const { registry } = endpoint.reference;
  const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
  return {
    ...endpoint,
    scheme: "https:",
    host,
    path: "/v2",
    mayBePlain: endpoint.insecure,
    tls: undefined,
    headers: {},
    namespace: undefined,
    connectTimeout: undefined,
  };
}

function routeBy(endpoint: Endpoint, server: RegistryServer): Route {
  const direct = directRoute(endpoint);
  const { root, tls, headers, connectTimeout } = server;
  if (!root)
    return { ...direct, insecure: endpoint.insecure || server.skipVerify, tls, headers, connectTimeout };
  const { registry, repository, tag, digest } = endpoint.reference;
  const isItself = [direct.host, registry].some(
    (host) => new URL(`${root.protocol}//${host}`).host === root.host,
  );
  const insecure = server.skipVerify || (isItself && endpoint.insecure);
  return {
    insecure,
    mirror: endpoint.mirror || !isItself,
    reference: isItself ? endpoint.reference : new Reference(root.host, repository, tag, digest),
    scheme: root.protocol,
    host: root.host,
    path: root.pathname.replace(/\/$/, ""),
    mayBePlain: isAmbiguous(server),
    tls,
    headers,
    namespace: isItself ? undefined : registry,
    connectTimeout,
  };
}

/** containerd tries TLS first on a plain URL that has settings for TLS, unless its port is 80. */
function isAmbiguous({ root, tls, skipVerify }: RegistryServer): boolean {
  return root?.protocol === "http:" && root.port !== "" && (tls !== undefined || skipVerify);
}
