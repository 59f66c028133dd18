/** The keys of `[crio.tracing]`. */
import { flag, parsed, whole } from "./key.ts";

export const tracingKeys = {
  enable_tracing: flag(
    false,
    "Sends traces of RPCs, and of the steps within, to a collector of OpenTelemetry.",
  ),
  tracing_endpoint: parsed(
    "127.0.0.1:4317",
    "The collector, which takes OTLP by gRPC in plaintext.",
    'an address such as "127.0.0.1:4317" or "unix:///run/otel.sock"',
    endpoint,
  ),
  tracing_sampling_rate_per_million: whole(
    0,
    "Of a million RPCs that come without a trace so many begin one; those with one follow it, also where this is 0.",
    "a number from 0 to 1000000",
    (value) => value >= 0 && value <= 1_000_000,
  ),
};

function endpoint(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  if (/^unix:(\/\/)?\/[^\s]+$/.test(value)) return value;
  const match = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(value);
  return match && Number(match[1]) > 0 && Number(match[1]) <= 65535 ? value : undefined;
}
