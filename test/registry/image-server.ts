/** A registry in memory that serves images however wrong they are: what a real one would not take. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Blob, BuiltImage } from "../images/image.ts";
import { ScriptedServer } from "./scripted-server.ts";

/** Bytes that are served under a digest in place of the real ones. */
export type Lies = Record<string, Buffer>;

export interface ServedImage extends BuiltImage {
  /** Default: none. */
  lies?: Lies;
  /** Sends bodies in chunks, without a length. */
  chunked?: boolean;
}

/** Serves each image as `IMAGE:latest`, by the names of `images`, which may change at any time. */
export function serveImages(images: Map<string, ServedImage>): Promise<ScriptedServer> {
  return ScriptedServer.start((request, response) => {
    const [, name, kind, reference] = /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(request.url ?? "") ?? [];
    const image = images.get(name ?? "");
    const found = image && find(image, kind!, reference!);
    if (!found) response.writeHead(404).end();
    else send(request, response, image, found);
  });
}

function find({ blobs, manifests }: ServedImage, kind: string, reference: string): Blob | undefined {
  if (kind === "manifests" && !reference.includes(":")) return manifests.at(-1);
  return (kind === "manifests" ? manifests : blobs).find(({ digest }) => digest === reference);
}

function send(
  { headers }: IncomingMessage,
  response: ServerResponse,
  { lies = {}, chunked = false }: ServedImage,
  { mediaType, digest, body }: Blob,
): void {
  const told = lies[digest] ?? body;
  const from = Number(/bytes=(\d+)-/.exec(headers.range ?? "")?.[1] ?? 0);
  const rest = told.subarray(from);
  response.writeHead(from ? 206 : 200, {
    "content-type": mediaType,
    ...(!chunked && { "content-length": rest.length }),
    ...(from && { "content-range": `bytes ${from}-${told.length - 1}/${told.length}` }),
  });
  response.end(rest);
}
