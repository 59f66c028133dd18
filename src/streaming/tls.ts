/** TLS of the streaming server: the files that `[crio.api]` names for it. */
import type { Config } from "../config/load.ts";
import type { TlsFiles } from "../tls-files.ts";

/** What to read and to follow where `stream_enable_tls` is true. */
export function streamTlsFiles(api: Config["api"]): TlsFiles {
  const { streamTlsCert, streamTlsKey, streamTlsCa } = api;
  return {
    cert: { key: "crio.api.stream_tls_cert", path: streamTlsCert },
    key: { key: "crio.api.stream_tls_key", path: streamTlsKey },
    ca: streamTlsCa === "" ? undefined : { key: "crio.api.stream_tls_ca", path: streamTlsCa },
    limits: api,
  };
}
