import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Files of a certificate and its key, in PEM. */
export interface CertificateFiles {
  cert: string;
  key: string;
}

/** Makes a key and a certificate for 127.0.0.1 in `folder`: self-signed, or signed by `issuer`. */
export function certify(folder: string, name: string, issuer?: CertificateFiles): CertificateFiles {
  const files = { cert: join(folder, `${name}-cert.pem`), key: join(folder, `${name}-key.pem`) };
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const names = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1,DNS:registry.test"];
  const signer = issuer ? ["-CA", issuer.cert, "-CAkey", issuer.key] : [];
  const out = ["-keyout", files.key, "-out", files.cert];
  execFileSync("openssl", ["req", "-x509", ...kind, ...names, ...signer, ...out], { stdio: "pipe" });
  return files;
}

/** What a TLS server takes. */
export function contentOf({ cert, key }: CertificateFiles): { cert: string; key: string } {
  return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
}
