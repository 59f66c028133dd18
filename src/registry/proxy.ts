/** Which proxy the environment names for a URL, by the rules of Go's tools. */
import { BlockList, isIP } from "node:net";

/** HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in capitals or not; capitals go first. */
export type ProxyEnvironment = Record<string, string | undefined>;

/** The proxies of one environment; it is read once. */
export class Proxies {
  readonly #proxies: Record<string, string | undefined>;
  readonly #exceptions: ((host: string, port: string) => boolean)[];

  constructor(environment: ProxyEnvironment) {
    const value = (name: string) => environment[name] || environment[name.toLowerCase()] || undefined;
    this.#proxies = { "http:": value("HTTP_PROXY"), "https:": value("HTTPS_PROXY") };
    const exceptions = (value("NO_PROXY") ?? "").split(",").map((entry) => entry.trim().toLowerCase());
    this.#exceptions = exceptions.filter(Boolean).map(exceptionOf);
  }

  /**
   * The proxy, whose URL may have credentials and so is for no log; undefined to connect directly, as always to
   * loopback. Throws an Error that names the variable, not its value.
   */
  of({ protocol, hostname, port }: URL): URL | undefined {
    const proxy = this.#proxies[protocol];
    if (!proxy) return undefined;
    const host = hostname.replace(/^\[|\]$/g, "");
    const actual = port || (protocol === "https:" ? "443" : "80");
    if (isLoopback(host) || this.#exceptions.some((covers) => covers(host, actual))) return undefined;
    return proxyUrl(proxy, `${protocol.slice(0, -1).toUpperCase()}_PROXY`);
  }
}

function proxyUrl(text: string, variable: string): URL {
  const url = text.includes("://") ? text : `http://${text}`;
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return new URL(url);
  throw new Error(`${variable} of the environment is not the URL of an http or https proxy`);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** `*`, an address, a CIDR block, a host with what is below it, or `.domain` for only that; each with a port or not. */
function exceptionOf(entry: string): (host: string, port: string) => boolean {
  if (entry === "*") return () => true;
  const block = blockOf(entry);
  if (block) return (host) => isIP(host) > 0 && block.check(host, isIP(host) === 6 ? "ipv6" : "ipv4");
  const [, name = "", wantedPort] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(isIP(entry) ? `[${entry}]` : entry)!;
  const domain = name.replace(/^\*?\./, "");
  const below = (host: string) => !isIP(host) && host.endsWith(`.${domain}`);
  return (host, port) =>
    (wantedPort === undefined || wantedPort === port) && (below(host) || (host === name && name === domain));
}

function blockOf(entry: string): BlockList | undefined {
  const [address = "", bits = ""] = entry.split("/");
  const version = isIP(address);
  const length = Number(bits);
  if (!version || !/^\d+$/.test(bits) || length > (version === 6 ? 128 : 32)) return undefined;
  const block = new BlockList();
  block.addSubnet(address, length, version === 6 ? "ipv6" : "ipv4");
  return block;
}
