import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RegistryClient, type RegistryClientOptions } from "../../src/registry/client.ts";
import { digestOf } from "../../src/registry/digest.ts";
import { ociConfig, ociManifest } from "../../src/registry/media-types.ts";
import { parseReference } from "../../src/registry/reference.ts";
import type { ScriptedServer } from "./scripted-server.ts";

export const layer = Buffer.alloc(200_000, "0123456789");
export const descriptor = {
  mediaType: "application/vnd.oci.image.layer.v1.tar",
  digest: digestOf(layer),
  size: layer.length,
};
export const config = { mediaType: ociConfig, digest: digestOf(Buffer.from("{}")), size: 2 };
export const manifest = Buffer.from(
  JSON.stringify({ schemaVersion: 2, mediaType: ociManifest, config, layers: [descriptor] }),
);
export const image = parseReference("image.test/app:v1");

/** A client that pulls image.test from the servers in order, the last being the registry itself. */
export function clientOf(
  servers: ScriptedServer[],
  options: Partial<RegistryClientOptions> = {},
  insecure = true,
) {
  const [location, ...mirrors] = servers
    .map(({ address }) => `location = "${address}"\ninsecure = ${insecure}\n`)
    .reverse();
  const folder = mkdtempSync(join(tmpdir(), "critter-faults-"));
  const path = join(folder, "registries.conf");
  const tables = mirrors.reverse().map((mirror) => `[[registry.mirror]]\n${mirror}`);
  writeFileSync(path, `[[registry]]\nprefix = "image.test"\n${location}${tables.join("")}`);
  const client = new RegistryClient({ registriesConf: path, rounds: 2, delay: 1, ...options });
  const dispose = async () => {
    await client.close();
    rmSync(folder, { recursive: true });
  };
  return Object.assign(client, { [Symbol.asyncDispose]: dispose });
}

/** The manifest, or other bytes in its place. */
export function sendManifest(response: ServerResponse, bytes = manifest, type = ociManifest): void {
  response.writeHead(200, { "content-type": type, "content-length": bytes.length }).end(bytes);
}

/** The layer, or the rest of it, as a registry that knows Range sends it. */
export function sendLayer(request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const rest = layer.subarray(from);
  const range = { "content-range": `bytes ${from}-${layer.length - 1}/${layer.length}` };
  response.writeHead(from ? 206 : 200, { "content-length": rest.length, ...(from && range) }).end(rest);
}

/** Half of what was promised, then a broken connection. */
export function sendHalf(response: ServerResponse): void {
  response.writeHead(200, { "content-length": layer.length });
  response.write(layer.subarray(0, layer.length / 2), () => response.destroy());
}
