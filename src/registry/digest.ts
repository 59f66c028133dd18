/** Content digests, `algorithm:hex`, as the OCI image specification's descriptor.md defines them. */
import { createHash, type Hash } from "node:crypto";

/** Hex digits of each algorithm that may be pulled by. */
const hexLength: Record<string, number> = { sha256: 64, sha384: 96, sha512: 128 };

/** Why `text` is no digest that can be verified here; undefined when it is one. */
export function digestProblem(text: string): string | undefined {
  const [algorithm = "", hex = "", ...rest] = text.split(":");
  const length = hexLength[algorithm];
  if (length === undefined || rest.length > 0)
    return "a digest is sha256:, sha384: or sha512: and hex digits";
  if (hex.length !== length) return `${algorithm} has ${length} hex digits, not ${hex.length}`;
  return /^[0-9a-f]+$/.test(hex) ? undefined : "a digest has lower-case hex digits only";
}

/** A running hash by the algorithm of `digest`, which must be one that `digestProblem` accepts. */
export function digestHasher(digest: string): Hash {
  return createHash(digest.slice(0, digest.indexOf(":")));
}

/** The digest of `bytes` by the algorithm of `like`; sha256 unless told. */
export function digestOf(bytes: Uint8Array, like = "sha256:"): string {
  const algorithm = like.slice(0, like.indexOf(":"));
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}
