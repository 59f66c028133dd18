/** Whether an image may be pulled or run: the policy in force for a pod's namespace, and the image's signatures. */
import type { KeyObject } from "node:crypto";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { codeOf, messageOf, StatusError } from "../cri/status-error.ts";
import { pathState } from "../linux/file-state.ts";
import type { PullOptions, RegistryClient } from "../registry/client.ts";
import { digestOf } from "../registry/digest.ts";
import type { Reference } from "../registry/reference.ts";
import type { ResolvedImage } from "../registry/resolve-image.ts";
import {
  type Attachment,
  attachmentOf,
  attachmentReference,
  attachments,
  type KeptSignature,
  keptSignature,
} from "./attachments.ts";
import type { SignedIdentity } from "./identity.ts";
import { parsePayload } from "./payload.ts";
import { PolicyFiles } from "./policy-files.ts";
import { isSignedBy, loadKeys } from "./public-keys.ts";
import type { Requirement } from "./requirement.ts";

/** crio.conf's keys of `[crio.image]`; read at every pull and every creation, so that a reload counts. */
export interface SignatureSettings {
  /** Empty for `/etc/containers/policy.json`, which need not exist. */
  signaturePolicy: string;
  /** Folder of `NAMESPACE.json`; need not exist. */
  signaturePolicyDir: string;
}

/** What a signature of an image can be for. */
export interface SignedImage {
  /** Of the indexes and manifests by which it is known: a signature of one of them will do. */
  digests: readonly string[];
  /** `endpoint` of the manifest's answer, for an image that is being pulled. */
  endpoint?: string | undefined;
  /** Those that are here: what they prove needs no registry. */
  kept?: readonly KeptSignature[] | undefined;
}

/**
 * An image as its registry has it. An index is as good as its manifests: it names them by digest, and cosign signs it
 * alone unless told otherwise.
 */
export function signedImage(resolved: ResolvedImage): SignedImage {
  const { manifestBytes, indexDigest, endpoint } = resolved;
  const own = digestOf(manifestBytes);
  return { digests: indexDigest?.startsWith("sha256:") ? [indexDigest, own] : [own], endpoint };
}

const systemPolicy = "/etc/containers/policy.json";
/** Signatures whose problems are told: an image may have hundreds, and a gRPC message is a header. */
const toldProblems = 5;

export class SignatureVerifier {
  readonly #client: RegistryClient;
  readonly #settings: SignatureSettings;
  readonly #systemPolicy: string;
  readonly #policies = new PolicyFiles();

  /** `systemFile` is for tests. */
  constructor(client: RegistryClient, settings: SignatureSettings, systemFile = systemPolicy) {
    this.#client = client;
    this.#settings = settings;
    this.#systemPolicy = systemFile;
  }

  /**
   * The policy file for pods of a namespace: its own where it has one, else that of the whole machine. Undefined where
   * there is none at all: then everything may be pulled, as on a machine that was never set up for signatures.
   */
  policyFile(namespace: string): string | undefined {
    const { signaturePolicy, signaturePolicyDir } = this.#settings;
    const own = namespace && join(signaturePolicyDir, `${namespace}.json`);
    if (own && pathState(own)) return own;
    if (signaturePolicy) return signaturePolicy;
    return pathState(this.#systemPolicy) ? this.#systemPolicy : undefined;
  }

  /**
   * Resolves when the image satisfies every requirement that `file` has for `reference`, with the signatures that
   * were fetched to prove it. Rejects with FAILED_PRECONDITION when the file cannot be used, with the code that
   * `RegistryClient` throws when signatures cannot be had, and else with `SignatureValidationFailed: `, by which the
   * kubelet tells this case (k8s.io/cri-api, pkg/errors).
   */
  async verify(
    file: string,
    reference: Reference,
    image: SignedImage,
    options: PullOptions,
  ): Promise<KeptSignature[]> {
    const { scope, requirements } = this.#policies.get(file).ruleFor(reference);
    const fetched: KeptSignature[] = [];
    for (const [index, requirement] of requirements.entries()) {
      const rule = `${file}, ${scope}[${index}], ${requirement.type}`;
      const problem = await this.#problem(requirement, reference, image, options, fetched).catch((error) => {
        const message = `image ${reference}: what ${rule} requires cannot be verified: ${messageOf(error)}`;
        throw new StatusError(codeOf(error), message, { cause: error });
      });
      if (problem === undefined) continue;
      // The kubelet reads the prefix of the message only of errors whose code is UNKNOWN.
      throw new StatusError(
        status.UNKNOWN,
        `SignatureValidationFailed: image ${reference} is refused by ${rule}: ${problem}`,
      );
    }
    return fetched;
  }

  async #problem(
    requirement: Requirement,
    reference: Reference,
    image: SignedImage,
    options: PullOptions,
    fetched: KeptSignature[],
  ): Promise<string | undefined> {
    if (requirement.type === "insecureAcceptAnything") return undefined;
    if (requirement.type === "reject") return "no image of this scope may be used";
    if ("unsupported" in requirement) return requirement.unsupported;
    const { keys: source, signedIdentity } = requirement;
    let keys: KeyObject[];
    try {
      keys = loadKeys(source);
    } catch (error) {
      return messageOf(error);
    }
    const problemOf = (attachment: Attachment, digest: string) =>
      attachmentProblem(attachment, keys, signedIdentity, reference, digest);
    const { digests, kept = [] } = image;
    const isProof = (one: KeptSignature) =>
      digests.some((digest) => problemOf(attachmentOf(one), digest) === undefined);
    if (kept.some(isProof)) return undefined;
    return await this.#unsigned(problemOf, reference, image, options, fetched);
  }

  /** Why no signature that the registry has is good; undefined when one is, which is added to `fetched`. */
  async #unsigned(
    problemOf: (attachment: Attachment, digest: string) => string | undefined,
    reference: Reference,
    { digests, endpoint }: SignedImage,
    options: PullOptions,
    fetched: KeptSignature[],
  ): Promise<string | undefined> {
    const problems: string[] = [];
    const places: string[] = [];
    for (const digest of digests) {
      const place = attachmentReference(reference, digest);
      const from = { ...options, endpoint };
      places.push(place.toString());
      for await (const attachment of attachments(this.#client, place, from)) {
        const problem = problemOf(attachment, digest);
        if (problem === undefined) {
          fetched.push(keptSignature(attachment));
          return undefined;
        }
        problems.push(`signature ${problems.length + 1} at ${place}: ${problem}`);
      }
    }
    if (problems.length === 0) return `it has no signature at ${places.join(" or ")}`;
    const [told, more] = [problems.slice(0, toldProblems), problems.length - toldProblems];
    return told.join("; ") + (more > 0 ? `; and ${more} more` : "");
  }
}

function attachmentProblem(
  { payload, signature }: Attachment,
  keys: KeyObject[],
  identity: SignedIdentity,
  reference: Reference,
  digest: string,
): string | undefined {
  if (!isSignedBy(keys, payload, signature)) {
    return keys.length === 1 ? "it is not by the policy's key" : "it is by none of the policy's keys";
  }
  try {
    const { manifestDigest, dockerReference } = parsePayload(payload);
    if (manifestDigest !== digest) return `it is for the digest ${manifestDigest}`;
    return identity.problem(reference, dockerReference);
  } catch (error) {
    return messageOf(error);
  }
}
