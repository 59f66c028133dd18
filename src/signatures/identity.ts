/** Whom a signature must be for: `signedIdentity` of containers-policy.json(5). */

import type { Fields } from "../config/json-fields.ts";
import { parseReference, type Reference } from "../registry/reference.ts";

/** The name that a signature is for; cosign writes it without tag. */
interface SignedName {
  name: string;
  tag: string | undefined;
  digest: string | undefined;
}

/** A rule on the identity in a signature. */
export interface SignedIdentity {
  /** Its `type` in the file. */
  readonly type: string;
  /** Why a signature for `signed`, as it stands in its payload, is not for `image`; undefined when it is. */
  problem(image: Reference, signed: string): string | undefined;
}

type Match = (image: Reference, signed: SignedName) => boolean;

/** The rule where a requirement has none. */
export const defaultIdentity = identity("matchRepoDigestOrExact", matchRepoDigestOrExact);

/** Reads a `signedIdentity`. Throws an Error that names file and field. */
export function parseIdentity(fields: Fields): SignedIdentity {
  const type = fields.text("type");
  switch (type) {
    case "matchExact":
      fields.allow(["type"]);
      return identity(type, (image, signed) => isSame(nameOf(image), signed));
    case "matchRepoDigestOrExact":
      fields.allow(["type"]);
      return defaultIdentity;
    case "matchRepository":
      fields.allow(["type"]);
      return identity(type, (image, signed) => signed.name === image.name);
    case "exactReference":
      return exactReference(fields);
    case "exactRepository":
      return exactRepository(fields);
    case "remapIdentity":
      return remapIdentity(fields);
    default:
      throw fields.wrong("type", "it is unknown");
  }
}

function exactReference(fields: Fields): SignedIdentity {
  fields.allow(["type", "dockerReference"]);
  const wanted = parseName(fields.text("dockerReference"));
  if (!wanted?.tag && !wanted?.digest) {
    throw fields.wrong("dockerReference", "an image's name with its tag or digest is required");
  }
  return identity("exactReference", (_, signed) => isSame(wanted, signed));
}

function exactRepository(fields: Fields): SignedIdentity {
  fields.allow(["type", "dockerRepository"]);
  const wanted = parseName(fields.text("dockerRepository"));
  if (!wanted) throw fields.wrong("dockerRepository", "the name of a repository is required");
  return identity("exactRepository", (_, signed) => signed.name === wanted.name);
}

function remapIdentity(fields: Fields): SignedIdentity {
  fields.allow(["type", "prefix", "signedPrefix"]);
  const prefix = fields.text("prefix");
  const signedPrefix = fields.text("signedPrefix");
  for (const field of ["prefix", "signedPrefix"]) {
    const isPrefix = !/[@*]|\/$|\/.*:/.test(fields.text(field));
    if (!isPrefix) throw fields.wrong(field, "a host[:port], a namespace or a repository is required");
  }
  return identity("remapIdentity", (image, signed) => {
    const isBelow = `${image.name}/`.startsWith(`${prefix}/`);
    const name = isBelow ? signedPrefix + image.name.slice(prefix.length) : image.name;
    return matchRepoDigestOrExact({ name, tag: image.tag, digest: image.digest }, signed);
  });
}

function identity(type: string, matches: Match): SignedIdentity {
  return {
    type,
    problem(image, text) {
      const signed = parseName(text);
      if (signed && matches(image, signed)) return undefined;
      const isCosigns = signed?.name === image.name && !signed.tag && type.startsWith("match");
      const hint = isCosigns ? "; without a tag only matchRepository accepts it" : "";
      return `it is for ${JSON.stringify(text)}, which ${type} does not accept${hint}`;
    },
  };
}

/** What is pulled by digest is known by its content, which the signature is for in any case. */
function matchRepoDigestOrExact(image: SignedName, signed: SignedName): boolean {
  if (!signed.tag && !signed.digest) return false;
  return image.digest ? signed.name === image.name : isSame(nameOf(image), signed);
}

/** A tag beside a digest says nothing. */
function nameOf({ name, tag, digest }: SignedName): SignedName {
  return { name, tag: digest ? undefined : tag, digest };
}

function isSame(one: SignedName, other: SignedName): boolean {
  const isWhole = one.tag !== undefined || one.digest !== undefined;
  return isWhole && one.name === other.name && one.tag === other.tag && one.digest === other.digest;
}

/** A name as it is written, without the tag that a pull would add; undefined when it is none. */
function parseName(text: string): SignedName | undefined {
  try {
    const { name, tag, digest } = parseReference(text);
    const isNameOnly = !text.includes("@") && text.lastIndexOf(":") <= text.lastIndexOf("/");
    return { name, tag: isNameOnly ? undefined : tag, digest };
  } catch {
    return undefined;
  }
}
