/** Policy requirements: what an image must satisfy (containers-policy.json(5), "Policy Requirements"). */

import type { Fields } from "../config/json-fields.ts";
import { defaultIdentity, parseIdentity, type SignedIdentity } from "./identity.ts";

/** The public keys of a requirement: PEM files, or PEM in base64. */
export type KeySource = { paths: string[] } | { data: string[] };

export type Requirement =
  | { type: "insecureAcceptAnything" }
  | { type: "reject" }
  | { type: "sigstoreSigned"; keys: KeySource; signedIdentity: SignedIdentity }
  /** Known, but nothing that critter can verify: no image satisfies it. */
  | { type: "signedBy" | "signedBaseLayer" | "sigstoreSigned"; unsupported: string };

const keyFields = ["keyPath", "keyPaths", "keyData", "keyDatas"] as const;
const issuerFields = ["fulcio", "pki"];
const rekorFields = [
  "rekorPublicKeyPath",
  "rekorPublicKeyPaths",
  "rekorPublicKeyData",
  "rekorPublicKeyDatas",
];

/** Reads a requirement. Throws an Error that names file and field, for a type that is unknown too. */
export function parseRequirement(fields: Fields): Requirement {
  const type = fields.text("type");
  switch (type) {
    case "insecureAcceptAnything":
    case "reject":
      fields.allow(["type"]);
      return { type };
    case "sigstoreSigned":
      return parseSigstoreSigned(fields);
    case "signedBy":
    case "signedBaseLayer":
      return { type, unsupported: "signatures of this type (GPG) are not supported: use sigstoreSigned" };
    default:
      throw fields.wrong("type", "it is unknown");
  }
}

function parseSigstoreSigned(fields: Fields): Requirement {
  const type = "sigstoreSigned";
  const trusted = [...keyFields, ...issuerFields];
  fields.allow(["type", "signedIdentity", ...trusted, ...rekorFields]);
  const given = trusted.filter((name) => fields.has(name));
  if (given.length !== 1) throw fields.wrong("type", `it needs one of ${trusted.join(", ")}`);
  const signedIdentity = fields.has("signedIdentity")
    ? parseIdentity(fields.object("signedIdentity"))
    : defaultIdentity;
  const foreign = [...issuerFields, ...rekorFields].find((name) => fields.has(name));
  if (foreign) return { type, unsupported: `${foreign} is not supported: only public keys are` };
  return { type, keys: parseKeys(fields), signedIdentity };
}

function parseKeys(fields: Fields): KeySource {
  if (fields.has("keyPath")) return { paths: [fields.text("keyPath")] };
  if (fields.has("keyPaths")) return { paths: fields.texts("keyPaths") };
  if (fields.has("keyData")) return { data: [fields.text("keyData")] };
  return { data: fields.texts("keyDatas") };
}
