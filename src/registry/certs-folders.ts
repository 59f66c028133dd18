/** The folders `certs.d/HOST[:PORT]`: hosts.toml, or certificates as containers-certs.d(5) has them. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { messageOf, StatusError } from "../cri/status-error.ts";
import { NotedFiles } from "../linux/file-state.ts";
import { log } from "../log.ts";
import { HostTlsFiles } from "./host-tls.ts";
import { parseHostsToml, type RegistryServer } from "./hosts-toml.ts";

interface Known {
  files: NotedFiles;
  servers: RegistryServer[];
}

/** What certs.d says of each registry, as it is on disk at that moment. */
export class CertsFolders {
  readonly #folders: string[];
  readonly #known = new Map<string, Known>();

  /** In order of preference; they need not exist. */
  constructor(folders: string[]) {
    this.#folders = folders;
  }

  /**
   * The servers to ask for a registry, in order; undefined when no folder is about it, nor a `_default`. What became
   * wrong is logged, and what it said before stays; what was wrong from the start throws FAILED_PRECONDITION.
   */
  serversOf(registry: string): RegistryServer[] | undefined {
    const folder = this.#find(registry);
    if (!folder) return undefined;
    const known = this.#known.get(folder);
    if (known?.files.isCurrent()) return known.servers;
    const files = new NotedFiles();
    const servers = this.#read(folder, files, known);
    this.#known.set(folder, { files, servers });
    return servers;
  }

  #read(folder: string, files: NotedFiles, known: Known | undefined): RegistryServer[] {
    try {
      const servers = readFolder(folder, files);
      if (known) log.info("the certificates of a registry were read again", { folder });
      return servers;
    } catch (error) {
      if (!known) throw new StatusError(status.FAILED_PRECONDITION, messageOf(error), { cause: error });
      log.error("certs.d is wrong; what it said before this change stays", { folder, error });
      return known.servers;
    }
  }

  /** containerd writes the port between underscores; `_default` is about every registry without a folder. */
  #find(registry: string): string | undefined {
    const names = [registry.replace(/:(\d+)$/, "_$1_"), registry];
    const own = this.#folders.flatMap((folder) => names.map((name) => join(folder, name)));
    const others = this.#folders.map((folder) => join(folder, "_default"));
    return [...own, ...others].find((path) => new NotedFiles().note(path));
  }
}

function readFolder(folder: string, files: NotedFiles): RegistryServer[] {
  const hosts = join(folder, "hosts.toml");
  files.note(folder);
  const text = files.note(hosts) ? files.read(hosts) : "";
  return text.trim() ? parseHostsToml(hosts, text, files) : [readCertificates(folder, files)];
}

/** `*.crt` are authorities, `NAME.cert` with `NAME.key` is a client certificate. */
function readCertificates(folder: string, files: NotedFiles): RegistryServer {
  const tls = new HostTlsFiles(files);
  const names = readdirSync(folder).sort();
  for (const name of names) {
    const path = join(folder, name);
    if (name.endsWith(".crt")) naming(path, () => tls.addAuthority(path));
    if (name.endsWith(".cert")) {
      const key = path.replace(/cert$/, "key");
      naming(`${path} with ${key}`, () => tls.addClient(path, key));
    }
    if (name.endsWith(".key") && !names.includes(name.replace(/key$/, "cert")))
      throw new Error(`${path}: its certificate ${name.replace(/key$/, "cert")} is missing`);
  }
  return {
    root: undefined,
    capabilities: ["pull", "resolve"],
    tls: tls.build(),
    skipVerify: false,
    headers: {},
    connectTimeout: undefined,
  };
}

function naming(what: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw new Error(`${what}: ${messageOf(error)}`);
  }
}
