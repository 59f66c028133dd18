/** Whether an image that is here may run in a pod: another namespace's policy may have let it be pulled. */
import type { ImageSpec } from "../cri/messages.ts";
import { failedPrecondition } from "../cri/status-error.ts";
import type { CredentialSource } from "../registry/auth-file.ts";
import type { RegistryClient } from "../registry/client.ts";
import { parseReference, type Reference } from "../registry/reference.ts";
import type { SignatureVerifier } from "../signatures/verifier.ts";
import { filedAs, isImageId } from "./image-index.ts";
import type { ImageRecord } from "./image-record.ts";
import type { Images } from "./images.ts";

/** Who wants to run an image. */
export interface AdmissionRequest {
  /** The pod's. */
  namespace: string;
  /** Credentials of the namespace for an image, where there are any: taken only when a registry is asked. */
  namespacedAuth?: (reference: Reference) => CredentialSource | undefined;
  signal?: AbortSignal | undefined;
}

export interface AdmissionOptions {
  client: RegistryClient;
  images: Images;
  /** Who decides. Default: everything may run. */
  signatures?: SignatureVerifier | undefined;
}

/** What a request calls an image. */
type Called = Pick<ImageSpec, "image" | "userSpecifiedImage">;

export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the policy of the pod's namespace accepts `image` by what the user called it. Signatures that are not
   * here are fetched, and kept with the image. Rejects as `SignatureVerifier.verify` does.
   */
  async check(image: ImageRecord, called: Called, request: AdmissionRequest): Promise<void> {
    const { signatures, images } = this.#options;
    const { namespace, namespacedAuth, signal } = request;
    const file = signatures?.policyFile(namespace);
    if (!signatures || file === undefined) return;
    let first: unknown;
    for (const reference of this.#references(image, called)) {
      const options = { namespacedAuth: lazily(() => namespacedAuth?.(reference)), signal };
      const signed = { digests: digestsOf(image, reference), kept: image.signatures };
      try {
        const fetched = await signatures.verify(file, reference, signed, options);
        images.keepSignatures(image.id, fetched);
        return;
      } catch (error) {
        signal?.throwIfAborted();
        first ??= error;
      }
    }
    throw first ?? failedPrecondition(`image ${image.id} has no name by which ${file} could judge it`);
  }

  /** What the user meant; where only an ID is told, all names of the image: any of them will do. */
  #references(image: ImageRecord, { image: asked, userSpecifiedImage }: Called): Reference[] {
    const names = [...image.repoTags, ...image.repoDigests];
    const said = userSpecifiedImage || asked;
    if (names.includes(said)) return [parseReference(said)];
    if (isIdOf(image, said)) return names.map((name) => parseReference(name));
    const candidates = this.#options.client.candidates(said);
    const own = candidates.find((reference) => {
      const { tag, digest } = filedAs(reference);
      return names.includes((tag ?? digest)!);
    });
    // The tag may have gone to another image since.
    return own ? [own] : candidates.slice(0, 1);
  }
}

/** What a credential provider has left is for one use. */
function lazily(take: () => CredentialSource | undefined): CredentialSource {
  let taken: { source: CredentialSource | undefined } | undefined;
  return {
    find(reference) {
      taken ??= { source: take() };
      return taken.source?.find(reference);
    },
  };
}

function isIdOf({ id }: ImageRecord, said: string): boolean {
  return isImageId(said) || id.startsWith(said) || id.startsWith(`sha256:${said}`);
}

/** Digests by which the image is known in the repository: what was pulled by them was this image. */
function digestsOf({ repoDigests, manifestDigest }: ImageRecord, { name }: Reference): string[] {
  const pulled = repoDigests.filter((digest) => digest.startsWith(`${name}@`));
  const digests = pulled.map((digest) => digest.slice(name.length + 1));
  return [...new Set([...digests, manifestDigest])].filter((digest) => digest.startsWith("sha256:"));
}
