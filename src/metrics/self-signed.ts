/** A certificate that signs itself, for a metrics server whose files do not exist yet; CRI-O makes one then, too. */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { log } from "../log.ts";
import { bits, choice, integer, objectId, octets, sequence, set, tagged, time, truth, utf8 } from "./der.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** Nobody renews it. */
const VALID_DAYS = 3650;

const ecdsaWithSha256 = sequence(objectId("1.2.840.10045.4.3.2"));
const commonName = objectId("2.5.4.3");
const subjectAltName = objectId("2.5.29.17");
const basicConstraints = objectId("2.5.29.19");
/** Choices of GeneralName (RFC 5280, section 4.2.1.6). */
const DNS_NAME = 2;
const IP_ADDRESS = 7;

/**
 * Makes both files, mode 0600, where neither exists; one alone is left for its reader to complain of. Throws the file
 * system's error.
 */
export function makeMissingCertificate(cert: string, key: string): void {
  if (existsSync(cert) || existsSync(key)) return;
  const made = selfSigned(hostname());
  const files: [path: string, text: string][] = [
    [key, made.key],
    [cert, made.cert],
  ];
  for (const [path, text] of files) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, text, { mode: 0o600, flag: "wx" });
  }
  log.info("made a certificate that signs itself", { cert, key });
}

/** In PEM, for `name`, for localhost and for the addresses of loopback. */
function selfSigned(name: string): { cert: string; key: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const subject = sequence(set(sequence(commonName, utf8(name))));
  const now = Date.now();
  const body = sequence(
    tagged(0, integer(Buffer.from([2]))),
    // A serial number: positive, whatever is drawn.
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaWithSha256,
    subject,
    sequence(time(now - DAY_MS), time(now + VALID_DAYS * DAY_MS)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    tagged(3, sequence(...extensions(name))),
  );
  const signature = sign("sha256", body, privateKey);
  return {
    cert: pem("CERTIFICATE", sequence(body, ecdsaWithSha256, bits(signature))),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** It is its own authority, for these names. */
function extensions(name: string): Buffer[] {
  const names = [name, "localhost"].map((host) => choice(DNS_NAME, Buffer.from(host)));
  const loopback = [Buffer.from([127, 0, 0, 1]), Buffer.from([...Array(15).fill(0), 1])];
  const addresses = loopback.map((address) => choice(IP_ADDRESS, address));
  return [
    sequence(basicConstraints, truth(), octets(sequence(truth()))),
    sequence(subjectAltName, octets(sequence(...names, ...addresses))),
  ];
}

function pem(kind: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${kind}-----`, ...lines, `-----END ${kind}-----`, ""].join("\n");
}
