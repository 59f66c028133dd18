/** TLS of the servers that crio.conf configures: what their files make of it, now and after they change. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { TlsOptions } from "node:tls";
import { isDeepStrictEqual } from "node:util";
import { cipherList } from "./config/cipher-suites.ts";
import { type Config, ConfigError } from "./config/load.ts";
import { messageOf } from "./cri/status-error.ts";
import { FileWatch } from "./linux/file-watch.ts";
import { log } from "./log.ts";

/** A file, and the key of crio.conf that names it, in full. */
export interface NamedFile {
  key: string;
  path: string;
}

export interface TlsFiles {
  cert: NamedFile;
  key: NamedFile;
  /** Authorities that clients' certificates must come from; without it they need none. */
  ca?: NamedFile | undefined;
  /** `[crio.api]`, which says for all servers how old a TLS may be. */
  limits: Pick<Config["api"], "tlsMinVersion" | "tlsCipherSuites">;
}

/**
 * Options of a TLS server with these files.
 * @throws ConfigError for a file that cannot be read or is not what it should be.
 */
export function readTlsOptions({ cert, key, ca, limits }: TlsFiles): TlsOptions {
  const shown = readPem(cert, "a certificate", (pem) => new X509Certificate(pem));
  const secret = readPem(key, "a private key", createPrivateKey);
  if (!shown.parsed.checkPrivateKey(secret.parsed)) {
    const certKey = cert.key.split(".").at(-1);
    throw new ConfigError(`${key.key} is ${JSON.stringify(key.path)}, it must be the key of ${certKey}`);
  }
  return {
    cert: shown.pem,
    key: secret.pem,
    minVersion: limits.tlsMinVersion === "VersionTLS13" ? "TLSv1.3" : "TLSv1.2",
    ...(limits.tlsCipherSuites.length > 0 && { ciphers: cipherList(limits.tlsCipherSuites) }),
    ...(ca && {
      ca: readPem(ca, "a certificate", (pem) => new X509Certificate(pem)).pem,
      requestCert: true,
      rejectUnauthorized: true,
    }),
  };
}

/**
 * Calls `apply` with new options each time the files have changed for good; what is broken is logged and left alone.
 * `server` is what it is called in the log.
 */
export function followTlsFiles(
  server: string,
  files: TlsFiles,
  options: TlsOptions,
  apply: (options: TlsOptions) => void,
): FileWatch {
  let current = options;
  const { cert, key, ca } = files;
  const paths = [cert, key, ...(ca ? [ca] : [])].map(({ path }) => path);
  return new FileWatch(paths, () => {
    try {
      const next = readTlsOptions(files);
      if (isDeepStrictEqual(next, current)) return;
      apply(next);
      current = next;
      log.info(`the ${server} has new TLS files`, { cert: cert.path });
    } catch (error) {
      log.error("new TLS files are not used, the old ones stay in force", { error: messageOf(error) });
    }
  });
}

function readPem<T>(
  { key, path }: NamedFile,
  right: string,
  parse: (pem: string) => T,
): { pem: string; parsed: T } {
  try {
    const pem = readFileSync(path, "utf8");
    return { pem, parsed: parse(pem) };
  } catch (error) {
    const wrong = `${key} is ${JSON.stringify(path)}, it must be a file with ${right} in PEM`;
    throw new ConfigError(`${wrong}: ${messageOf(error)}`, { cause: error });
  }
}
