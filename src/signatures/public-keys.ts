/** The public keys of a requirement, and what they say of a signature. */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { messageOf } from "../cri/status-error.ts";
import type { KeySource } from "./requirement.ts";

/** Elliptic curves and RSA (PKCS #1 v1.5) sign the SHA-256 of a payload; Ed25519 has a hash of its own. */
const hashes: Record<string, "sha256" | null> = { ec: "sha256", rsa: "sha256", ed25519: null };

/** Reads the keys as they are now. Throws an Error that says which one is wrong. */
export function loadKeys(source: KeySource): KeyObject[] {
  if ("paths" in source) return source.paths.map((path) => parseKey(path, readKey(path)));
  return source.data.map((data) => parseKey("a key in the policy", Buffer.from(data, "base64").toString()));
}

/** Whether `signature` of `payload` was made by any of the keys. */
export function isSignedBy(keys: KeyObject[], payload: Buffer, signature: Buffer): boolean {
  return keys.some((key) => verify(hashes[key.asymmetricKeyType!], payload, key, signature));
}

function readKey(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`the key ${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function parseKey(what: string, pem: string): KeyObject {
  // Node would take a private key or a certificate as well: neither belongs into a policy.
  if (!/^-----BEGIN (RSA )?PUBLIC KEY-----$/m.test(pem)) throw new Error(`${what} is no public key in PEM`);
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (error) {
    throw new Error(`${what} is no public key in PEM: ${messageOf(error)}`);
  }
  if (Object.hasOwn(hashes, key.asymmetricKeyType!)) return key;
  throw new Error(`${what} is of type ${key.asymmetricKeyType}: ECDSA, RSA or Ed25519 is required`);
}
