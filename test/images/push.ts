import type { Blob, BuiltImage } from "./image.ts";

/**
 * Pushes an image under `name:tag` to the registry at `address` (host:port, plain HTTP; OCI distribution-spec,
 * "Push"). Blobs that are there already are not sent again. `authorization` is the header's value.
 */
export async function pushImage(
  address: string,
  name: string,
  tag: string,
  image: BuiltImage,
  authorization?: string,
): Promise<void> {
  const repository = new Repository(`http://${address}/v2/${name}`, authorization);
  for (const blob of image.blobs) await repository.pushBlob(blob);
  const last = image.manifests.at(-1)!;
  for (const manifest of image.manifests) {
    await repository.pushManifest(manifest, manifest === last ? tag : manifest.digest);
  }
}

class Repository {
  readonly #base: string;
  readonly #headers: Record<string, string>;

  constructor(base: string, authorization?: string) {
    this.#base = base;
    this.#headers = authorization ? { authorization } : {};
  }

  async pushBlob(blob: Blob): Promise<void> {
    const known = await this.#request("HEAD", `${this.#base}/blobs/${blob.digest}`, [200, 404]);
    if (known.status === 200) return;
    const upload = await this.#request("POST", `${this.#base}/blobs/uploads/`, [202]);
    const location = new URL(upload.headers.get("location")!, this.#base);
    location.searchParams.set("digest", blob.digest);
    await this.#request("PUT", location.href, [201], blob.body, "application/octet-stream");
  }

  async pushManifest(manifest: Blob, reference: string): Promise<void> {
    await this.#request(
      "PUT",
      `${this.#base}/manifests/${reference}`,
      [201],
      manifest.body,
      manifest.mediaType,
    );
  }

  async #request(
    method: string,
    url: string,
    expected: number[],
    body?: Buffer,
    type?: string,
  ): Promise<Response> {
    const headers = type ? { ...this.#headers, "content-type": type } : this.#headers;
    const response = await fetch(url, { method, headers, body: body as RequestInit["body"] });
    const text = await response.text();
    if (!expected.includes(response.status)) {
      throw new Error(`${method} ${url} answered ${response.status}: ${text}`);
    }
    return response;
  }
}
