/** The authorities that the machine trusts, found as programs in Go find them (crypto/x509 on Linux). */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { NotedFiles } from "../linux/file-state.ts";
import { inTurns } from "./turns.ts";

/** Of these the first that is there: Debian's, Fedora's, openSUSE's, OpenELEC's, CentOS's, Alpine's. */
const bundles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/tls/cacert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
];
/** All of these. */
const folders = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

const certificate = /-----BEGIN CERTIFICATE-----\n[\w+/=\s]+?-----END CERTIFICATE-----/g;

/** Where to look, as SSL_CERT_FILE and SSL_CERT_DIR (folders with colons between them) change it. */
export type AuthoritiesEnvironment = Record<string, string | undefined>;

/** Certificates in PEM, each once. Another set is another object. */
export type Authorities = readonly string[];

export class MachineAuthorities {
  readonly #bundles: string[];
  readonly #folders: string[];
  #files: NotedFiles | undefined;
  #current: Promise<Authorities> | undefined;

  constructor(environment: AuthoritiesEnvironment) {
    const { SSL_CERT_FILE: bundle, SSL_CERT_DIR: others } = environment;
    this.#bundles = bundle ? [bundle] : bundles;
    this.#folders = others ? others.split(":").filter(Boolean) : folders;
  }

  /** As the files are now, without a restart; those that Node.js brings along where the machine has none. */
  current(): Promise<Authorities> {
    if (this.#current && this.#files?.isCurrent()) return this.#current;
    const files = new NotedFiles();
    const bundle = this.#bundles.find((path) => files.note(path));
    for (const folder of this.#folders) files.note(folder);
    this.#files = files;
    this.#current = read(bundle, this.#folders);
    return this.#current;
  }
}

async function read(bundle: string | undefined, folders: string[]): Promise<Authorities> {
  const found = new Set<string>();
  const add = (path: string) => {
    for (const pem of certificatesOf(path)) found.add(pem);
  };
  await inTurns(bundle ? [bundle] : [], add);
  for (const folder of folders) {
    await inTurns(namesIn(folder), (name) => {
      const path = join(folder, name);
      if (!isDouble(path)) add(path);
    });
  }
  return found.size > 0 ? [...found] : rootCertificates;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Names by hash are links to others in the same folder. */
function isDouble(path: string): boolean {
  try {
    return !readlinkSync(path).includes("/");
  } catch {
    return false;
  }
}

/** What cannot be read, or is no certificate, is passed over: one bad file must not take the others away. */
function certificatesOf(path: string): string[] {
  try {
    return readFileSync(path, "latin1").replaceAll("\r", "").match(certificate) ?? [];
  } catch {
    return [];
  }
}
