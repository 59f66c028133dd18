/** What the database knows of an image. */
import type { ImageSpec } from "../cri/messages.ts";
import type { KeptSignature } from "../signatures/attachments.ts";
import { absentOr, fields, isInteger, isObject, isString, listOf } from "../state/fields.ts";
import type { ImageConfig } from "./image-config.ts";

export interface ImageRecord {
  /** Digest of the configuration, of an artifact that of the manifest; the image's ID in every API. */
  id: string;
  /** `registry/repository:tag`, in full. */
  repoTags: string[];
  /** `registry/repository@digest`, of the index where the image came by one. */
  repoDigests: string[];
  /** What the image takes on disk: its unpacked layers, its configuration and manifest. */
  size: number;
  config: ImageConfig;
  /** The manifest it came by, as the registry sent it. */
  manifest: string;
  manifestDigest: string;
  /** Chain IDs, base layer first; of an artifact those of its files. */
  layers: string[];
  /** Signatures that a policy wanted and found good: by them it is run where no registry is at hand. */
  signatures?: KeptSignature[];
  /** What the pull asked for last. */
  spec: ImageSpec;
  /** What it is where it is no image, but an artifact: it can be a volume, and not be run. */
  artifactType?: string;
  /** Set once it was removed under containers that use it: its layers stay until they go. */
  removed?: true;
}

const isRecord = fields({
  id: isString,
  repoTags: listOf(isString),
  repoDigests: listOf(isString),
  size: isInteger,
  config: fields({ config: isObject, rootfs: isObject }),
  manifest: isString,
  manifestDigest: isString,
  layers: listOf(isString),
  signatures: absentOr(listOf(fields({ payload: isString, signature: isString }))),
  spec: isObject,
  artifactType: absentOr(isString),
});

export function isImageRecord(record: unknown): record is ImageRecord {
  return isRecord(record);
}
