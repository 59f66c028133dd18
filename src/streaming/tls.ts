/** TLS of the streaming server: what its files make of it, now and after they change. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { TlsOptions } from "node:tls";
import { isDeepStrictEqual } from "node:util";
import { cipherList } from "../config/cipher-suites.ts";
import { type Config, ConfigError } from "../config/load.ts";
import { messageOf } from "../cri/status-error.ts";
import { FileWatch } from "../linux/file-watch.ts";
import { log } from "../log.ts";

type Api = Config["api"];

/**
 * Options of the TLS server that `[crio.api]` describes.
 * @throws ConfigError for a file that cannot be read or is not what it should be.
 */
export function readTlsOptions(api: Api): TlsOptions {
  const cert = readPem(
    "stream_tls_cert",
    api.streamTlsCert,
    "a certificate",
    (pem) => new X509Certificate(pem),
  );
  const key = readPem("stream_tls_key", api.streamTlsKey, "a private key", createPrivateKey);
  if (!cert.parsed.checkPrivateKey(key.parsed)) {
    throw new ConfigError(
      `crio.api.stream_tls_key is ${JSON.stringify(api.streamTlsKey)}, it must be the key of stream_tls_cert`,
    );
  }
  return {
    cert: cert.pem,
    key: key.pem,
    minVersion: api.tlsMinVersion === "VersionTLS13" ? "TLSv1.3" : "TLSv1.2",
    ...(api.tlsCipherSuites.length > 0 && { ciphers: cipherList(api.tlsCipherSuites) }),
    ...(api.streamTlsCa !== "" && {
      ca: readPem("stream_tls_ca", api.streamTlsCa, "a certificate", (pem) => new X509Certificate(pem)).pem,
      requestCert: true,
      rejectUnauthorized: true,
    }),
  };
}

/** Calls `apply` with new options each time the files have changed for good; what is broken is logged and left alone. */
export function followTlsFiles(
  api: Api,
  options: TlsOptions,
  apply: (options: TlsOptions) => void,
): FileWatch {
  let current = options;
  const files = [api.streamTlsCert, api.streamTlsKey, api.streamTlsCa].filter(Boolean);
  return new FileWatch(files, () => {
    try {
      const next = readTlsOptions(api);
      if (isDeepStrictEqual(next, current)) return;
      apply(next);
      current = next;
      log.info("the streaming server has new TLS files", { cert: api.streamTlsCert });
    } catch (error) {
      log.error("new TLS files are not used, the old ones stay in force", { error: messageOf(error) });
    }
  });
}

function readPem<T>(
  key: string,
  file: string,
  right: string,
  parse: (pem: string) => T,
): { pem: string; parsed: T } {
  try {
    const pem = readFileSync(file, "utf8");
    return { pem, parsed: parse(pem) };
  } catch (error) {
    const wrong = `crio.api.${key} is ${JSON.stringify(file)}, it must be a file with ${right} in PEM`;
    throw new ConfigError(`${wrong}: ${messageOf(error)}`, { cause: error });
  }
}
