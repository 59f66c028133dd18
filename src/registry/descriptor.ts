/** Descriptors: what one document of an image says of another (OCI image specification, descriptor.md). */
import { digestProblem } from "./digest.ts";

/** For whom a manifest in an index is; `os` and `architecture` in Go's names. */
export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
}

/** A blob or manifest by media type, digest and size in bytes. */
export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  platform?: Platform;
  annotations?: Record<string, string>;
}

/** A document that breaks its format. The message says where, for a caller who knows whose document it is. */
export class FormatError extends Error {}

/** Reads a descriptor at `where` of a document. Throws FormatError. */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  const fields = objectAt(value, where);
  const { mediaType, digest, size } = fields;
  if (typeof mediaType !== "string" || mediaType === "") throw new FormatError(`${where} has no mediaType`);
  if (typeof digest !== "string") throw new FormatError(`${where} has no digest`);
  const problem = digestProblem(digest);
  if (problem) throw new FormatError(`${where}.digest is ${JSON.stringify(digest)}: ${problem}`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    throw new FormatError(`${where}.size is ${JSON.stringify(size)}: a number of bytes is required`);
  }
  const platform = parsePlatform(fields.platform, `${where}.platform`);
  const annotations = parseAnnotations(fields.annotations, `${where}.annotations`);
  return { mediaType, digest, size, ...(platform && { platform }), ...(annotations && { annotations }) };
}

function parsePlatform(value: unknown, where: string): Platform | undefined {
  if (value === undefined || value === null) return undefined;
  const { os, architecture, variant } = objectAt(value, where);
  if (typeof os !== "string" || typeof architecture !== "string") {
    throw new FormatError(`${where} needs os and architecture`);
  }
  return typeof variant === "string" && variant ? { os, architecture, variant } : { os, architecture };
}

/** Reads a map of strings; undefined when it is absent. Throws FormatError. */
export function parseAnnotations(value: unknown, where: string): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined;
  const entries = Object.entries(objectAt(value, where));
  const wrong = entries.find(([, text]) => typeof text !== "string");
  if (wrong) throw new FormatError(`${where}[${JSON.stringify(wrong[0])}] is not a string`);
  return Object.fromEntries(entries) as Record<string, string>;
}

/** `value` as a JSON object. Throws FormatError. */
export function objectAt(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FormatError(`${where} is not an object`);
  }
  return value as Record<string, unknown>;
}
