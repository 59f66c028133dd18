/** What is signed: cosign's payload in the "simple signing" format (containers-signature(5)). */
import { Fields } from "../config/json-fields.ts";

export interface SignedPayload {
  /** `critical.image.docker-manifest-digest` */
  manifestDigest: string;
  /** `critical.identity.docker-reference` */
  dockerReference: string;
}

const payloadType = "cosign container image signature";

/** Reads a payload whose signature is known to be good. Throws an Error that says what of it is wrong. */
export function parsePayload(bytes: Buffer): SignedPayload {
  const root = new Fields("its payload", "", JSON.parse(bytes.toString("utf8")));
  root.allow(["critical", "optional"]);
  const critical = root.object("critical");
  critical.allow(["type", "image", "identity"]);
  if (critical.text("type") !== payloadType) {
    throw critical.wrong("type", `${JSON.stringify(payloadType)} is required`);
  }
  const image = critical.object("image");
  image.allow(["docker-manifest-digest"]);
  const identity = critical.object("identity");
  identity.allow(["docker-reference"]);
  return {
    manifestDigest: image.text("docker-manifest-digest"),
    dockerReference: identity.text("docker-reference"),
  };
}
