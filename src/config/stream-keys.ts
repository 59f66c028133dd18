/** The keys of the streaming server, which stand in `[crio.api]`. */
import { isIP } from "node:net";
import { cipherSuite } from "./cipher-suites.ts";
import { parseDuration } from "./duration.ts";
import { choice, flag, list, parsed, path } from "./key.ts";

const tls12 = "VersionTLS12";
/** Node's timers go no further: 24 days. */
const longestTimeout = 2 ** 31 - 1;

export const streamKeys = {
  stream_address: parsed(
    "127.0.0.1",
    "IP address on which exec, attach and port-forward are served.",
    "an IP address",
    (value) => (typeof value === "string" && isIP(value) !== 0 ? value : undefined),
  ),
  stream_port: parsed(
    "0",
    "Port on which exec, attach and port-forward are served; 0 takes a free one.",
    "a port from 0 to 65535",
    port,
  ),
  stream_enable_tls: flag(false, "Serves exec, attach and port-forward over TLS."),
  stream_tls_cert: path(
    "",
    "Certificate that the streaming server shows, in PEM. Changes in it need no restart.",
  ),
  stream_tls_key: path("", "Key of that certificate, in PEM. Changes in it need no restart."),
  stream_tls_ca: path(
    "",
    "Authorities, in PEM, that clients' certificates must come from; when empty, clients need none. Changes in it need no restart.",
  ),
  stream_idle_timeout: parsed(
    "4h0m0s",
    "How long a stream may be without a byte either way before it is closed; 0 for ever.",
    'a duration such as "4h0m0s" or "30s"',
    idleTimeout,
  ),
  tls_min_version: choice(
    [tls12, "VersionTLS13"],
    tls12,
    "The oldest version of TLS that is spoken: VersionTLS12 or VersionTLS13.",
    { aliases: { "": tls12 } },
  ),
  tls_cipher_suites: list(
    [],
    "Cipher suites of TLS 1.2, by Go's names; when empty, OpenSSL's default. Those of TLS 1.3 are always in force.",
    'a list of cipher suites such as "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"',
    cipherSuite,
  ),
};

/** CRI-O has the port as a string; a number is no less clear. */
function port(value: unknown): number | undefined {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string" || !/^\d{1,5}$/.test(text)) return undefined;
  return Number(text) <= 65535 ? Number(text) : undefined;
}

/** Milliseconds; 0 is no timeout, and empty the default. */
function idleTimeout(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  const duration = parseDuration(value === "" ? "4h" : value);
  return duration === undefined ? undefined : Math.min(duration, longestTimeout);
}
