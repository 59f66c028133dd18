/** Pulls: from a name to an image whose layers are all here; one pull for all who ask for the same. */
import { status } from "@grpc/grpc-js";
import type { AuthConfig, ImageSpec } from "../cri/messages.ts";
import { messageOf, StatusError } from "../cri/status-error.ts";
import { log } from "../log.ts";
import { type Note, observeStep, type Steps } from "../observation.ts";
import type { CredentialSource } from "../registry/auth-file.ts";
import type { PullOptions, RegistryClient } from "../registry/client.ts";
import type { Descriptor } from "../registry/descriptor.ts";
import { digestOf } from "../registry/digest.ts";
import { EndpointTrust } from "../registry/endpoint-trust.ts";
import type { Manifest } from "../registry/manifest.ts";
import type { Reference } from "../registry/reference.ts";
import { type ResolvedImage, resolveImage } from "../registry/resolve-image.ts";
import { WrongDigestError, wholeBlob } from "../registry/whole-blob.ts";
import type { KeptSignature } from "../signatures/attachments.ts";
import { type SignatureVerifier, signedImage } from "../signatures/verifier.ts";
import { artifactLayers, noConfig } from "./artifact.ts";
import { chainIds } from "./chain.ts";
import { type ImageConfig, parseImageConfig } from "./image-config.ts";
import type { ImageRecord } from "./image-record.ts";
import type { Images } from "./images.ts";
import { LayerError, type LayerSpec } from "./layer-maker.ts";
import type { Layers } from "./layers.ts";
import { type PullProgress, progressOf } from "./pull-progress.ts";
import { SharedWork } from "./shared-work.ts";
import { together } from "./together.ts";
import type { UnpackPool } from "./unpack.ts";

/** A configuration larger than this is refused: it is held in memory. */
const maximumConfigBytes = 4 * 1024 * 1024;

/** What a pull may bring. */
export type Wanted = "images" | "artifacts" | "both";

export interface PullRequest {
  /** From the request; the client's own files come after it. */
  auth?: AuthConfig | null | undefined;
  /** Credentials of the pod's namespace for an image, where there are any; see `takeNamespacedAuth`. */
  namespacedAuth?: (reference: Reference) => CredentialSource | undefined;
  /** The pod's: its signature policy counts, where it has one. None for what is pulled for the machine. */
  namespace?: string | undefined;
  /** Kept with the image. */
  spec?: ImageSpec | null | undefined;
  /** What the name may be of: images unless told. */
  wanted?: Wanted | undefined;
  signal?: AbortSignal | undefined;
}

export interface PullsOptions {
  client: RegistryClient;
  images: Images;
  layers: Layers;
  pool: UnpackPool;
  /** Who decides what may be pulled. Default: everything may. */
  signatures?: SignatureVerifier | undefined;
}

interface SignalledOptions extends PullOptions {
  signal: AbortSignal;
  /** The signature policy's file; undefined where there is none. */
  policyFile?: string | undefined;
  wanted: Wanted;
}

export class Pulls {
  readonly #options: PullsOptions;
  readonly #running = new SharedWork<ImageRecord>();
  /** Layers of the pulls under way, by reference. */
  readonly #underWay = new Map<string, LayerSpec[]>();
  #count = 0;

  constructor(options: PullsOptions) {
    this.#options = options;
  }

  /**
   * Brings the image or artifact that `text` names up to date with its registry. A pull of the same image with the same
   * credentials is joined; it is given up when all who asked have gone. Rejects with the registry's StatusError,
   * FAILED_PRECONDITION for an artifact where an image is wanted, NOT_FOUND for the reverse, DATA_LOSS for broken content, RESOURCE_EXHAUSTED for a full disk, and as `SignatureVerifier.verify` says for an
   * image that the signature policy refuses; nothing that counts is left then.
   */
  async pull(text: string, request: PullRequest = {}): Promise<ImageRecord> {
    let first: unknown;
    const policyFile = this.#options.signatures?.policyFile(request.namespace ?? "");
    for (const reference of this.#options.client.candidates(text)) {
      const { signal, auth, spec, wanted = "images" } = request;
      const namespacedAuth = request.namespacedAuth?.(reference);
      const terms = { auth, namespacedAuth, policyFile, wanted };
      const work = (shared: AbortSignal) =>
        this.#pull(reference, { ...terms, signal: shared, trust: new EndpointTrust() }, spec);
      try {
        return await this.#running.run(this.#key(reference, terms), signal, work);
      } catch (error) {
        signal?.throwIfAborted();
        first ??= error;
      }
    }
    throw first;
  }

  /** How far the pull of what `text` names is; undefined when none is under way. Throws INVALID_ARGUMENT. */
  progress(text: string): PullProgress | undefined {
    for (const reference of this.#options.client.candidates(text)) {
      const layers = this.#underWay.get(reference.toString());
      if (layers) return progressOf(reference.toString(), layers, this.#options.layers);
    }
    return undefined;
  }

  /** Who has other credentials or another policy does not join: they must be good for the image too. */
  #key(reference: Reference, options: Omit<SignalledOptions, "signal">): string {
    const { auth, namespacedAuth, policyFile, wanted } = options;
    const own = namespacedAuth ? ` ${++this.#count}` : "";
    return `${reference} ${digestOf(Buffer.from(JSON.stringify([auth, policyFile, wanted])))}${own}`;
  }

  async #pull(
    reference: Reference,
    options: SignalledOptions,
    spec: PullRequest["spec"],
  ): Promise<ImageRecord> {
    const name = reference.toString();
    const started = performance.now();
    this.#underWay.set(name, []);
    try {
      const image = await observeStep("image.pull", { image: name }, (note) =>
        this.#fetch(reference, options, spec ?? specOf(name), note),
      );
      const ms = Math.round(performance.now() - started);
      log.info(`pulled an ${image.artifactType === undefined ? "image" : "artifact"}`, {
        image: name,
        id: image.id,
        layers: image.layers.length,
        duration_ms: ms,
      });
      return image;
    } finally {
      this.#underWay.delete(name);
    }
  }

  async #fetch(
    reference: Reference,
    options: SignalledOptions,
    spec: ImageSpec,
    note: Note<"image.pull">,
  ): Promise<ImageRecord> {
    const { images, pool } = this.#options;
    const image = reference.toString();
    const resolved = await observeStep("image.resolve", { image }, () => this.#resolve(reference, options));
    // Before anything of the image is looked at, and also where it is here: this pull may give it another name.
    const signatures = await this.#proofs(reference, resolved, options);
    const pulled = { ...identityOf(resolved), reference, spec, signatures };
    const stored = images.stored(pulled.id);
    if (stored) {
      note(partsOf(pulled.id, resolved.layers, []));
      return images.add({ ...pulled, config: stored.config, layers: stored.layers });
    }
    pool.warm().catch(() => {});
    const from = { ...options, endpoint: resolved.endpoint };
    const isImage = resolved.artifactType === undefined;
    const config = isImage ? await this.#config(reference, resolved, from) : noConfig;
    const specs = isImage
      ? imageLayers(reference, config, resolved.layers)
      : filesOf(reference, resolved.manifest);
    const missing = specs.filter(({ chainId }) => !this.#options.layers.get(chainId));
    note(partsOf(pulled.id, resolved.layers, missing));
    return this.#withLayers(reference, specs, from, (layers) => images.add({ ...pulled, config, layers }));
  }

  async #resolve(reference: Reference, options: SignalledOptions): Promise<ResolvedImage> {
    const { wanted } = options;
    const artifacts = wanted !== "images";
    const resolved = await resolveImage(this.#options.client, reference, { ...options, artifacts });
    if (wanted !== "artifacts" || resolved.artifactType !== undefined) return resolved;
    const message = `${reference} is an image, and not here: it must be pulled first`;
    throw new StatusError(status.NOT_FOUND, message);
  }

  /** The signatures by which the policy lets the image pass; none where it wants none. */
  async #proofs(
    reference: Reference,
    resolved: ResolvedImage,
    options: SignalledOptions,
  ): Promise<KeptSignature[]> {
    const { signatures } = this.#options;
    const { policyFile } = options;
    if (!signatures || policyFile === undefined) return [];
    return await observeStep("image.verify", { image: reference.toString() }, () =>
      signatures.verify(policyFile, reference, signedImage(resolved), options),
    );
  }

  async #config(reference: Reference, { config }: ResolvedImage, options: PullOptions): Promise<ImageConfig> {
    if (config.size > maximumConfigBytes) {
      const reason = `its configuration has ${config.size} bytes, over ${maximumConfigBytes}`;
      throw new StatusError(status.FAILED_PRECONDITION, `image ${reference}: ${reason}`);
    }
    const bytes = await wholeBlob(this.#options.client, reference, config, options).catch((error) => {
      if (!(error instanceof WrongDigestError)) throw error;
      const reason = `its configuration ${config.digest} came with the digest ${error.digest}`;
      throw new StatusError(status.DATA_LOSS, `image ${reference}: ${reason}`);
    });
    try {
      return parseImageConfig(bytes);
    } catch (error) {
      throw new StatusError(status.FAILED_PRECONDITION, `image ${reference}: ${messageOf(error)}`);
    }
  }

  /** Obtains all layers, and holds them until `finish` has said for whom they are. */
  async #withLayers(
    reference: Reference,
    specs: LayerSpec[],
    options: SignalledOptions,
    finish: (chainIds: string[]) => ImageRecord,
  ): Promise<ImageRecord> {
    const { client, layers } = this.#options;
    const holder = `pull:${++this.#count}`;
    const chain = specs.map(({ chainId }) => chainId);
    const open = (descriptor: Descriptor, offset: number, stop: AbortSignal) =>
      client.blob(reference, descriptor, { ...options, offset, signal: stop });
    this.#underWay.set(reference.toString(), specs);
    layers.hold(holder, chain);
    try {
      await together(
        options.signal,
        specs.map((spec) => (stop: AbortSignal) => layers.obtain(spec, open, stop)),
      );
      return finish(chain);
    } catch (error) {
      if (!(error instanceof LayerError)) throw error;
      throw new StatusError(error.code, `image ${reference}: ${error.message}`, { cause: error });
    } finally {
      layers.release(holder, chain);
    }
  }
}

/** An image is known by its configuration, an artifact, whose configuration means nothing here, by its manifest. */
function identityOf({ config, manifestBytes, manifestDigest, repoDigest, artifactType }: ResolvedImage) {
  const isImage = artifactType === undefined;
  return {
    id: isImage ? config.digest : digestOf(manifestBytes),
    repoDigest,
    manifest: manifestBytes.toString("utf8"),
    manifestDigest,
    configBytes: isImage ? config.size : 0,
    artifactType,
  };
}

/** What of an image was here and what was not, for who observes. */
function partsOf(id: string, layers: Descriptor[], missing: LayerSpec[]): Partial<Steps["image.pull"]> {
  const bytesOf = (descriptors: Descriptor[]) => descriptors.reduce((bytes, { size }) => bytes + size, 0);
  return {
    id,
    layers: layers.length,
    reusedLayers: layers.length - missing.length,
    reusedBytes: bytesOf(layers) - bytesOf(missing.map(({ descriptor }) => descriptor)),
  };
}

function filesOf(reference: Reference, manifest: Manifest): LayerSpec[] {
  try {
    return artifactLayers(manifest);
  } catch (error) {
    throw new StatusError(status.FAILED_PRECONDITION, `artifact ${reference}: ${messageOf(error)}`);
  }
}

function imageLayers(reference: Reference, { rootfs }: ImageConfig, layers: Descriptor[]): LayerSpec[] {
  const diffIds = rootfs.diff_ids;
  if (diffIds.length !== layers.length) {
    const reason = `its manifest has ${layers.length} layers, its configuration ${diffIds.length}`;
    throw new StatusError(status.FAILED_PRECONDITION, `image ${reference}: ${reason}`);
  }
  const chain = chainIds(diffIds);
  let parent: LayerSpec | undefined;
  return layers.map((descriptor, index) => {
    parent = { chainId: chain[index]!, diffId: diffIds[index]!, descriptor, parent };
    return parent;
  });
}

function specOf(image: string): ImageSpec {
  return { image, annotations: {}, userSpecifiedImage: "", runtimeHandler: "", imageRef: "" };
}
