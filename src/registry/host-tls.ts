/** The certificates that certs.d gives for one registry's host, checked. */
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import type { NotedFiles } from "../linux/file-state.ts";

/** What a TLS connection is made with beside the machine's authorities, in PEM. */
export interface TlsFiles {
  /** Equal for equal certificates: connections may be shared. */
  id: string;
  authorities: string[];
  clients: ClientCertificate[];
}

export interface ClientCertificate {
  cert: string;
  key: string;
}

export interface HostTls {
  /** For the host itself: its authorities beside the usual ones, and the client certificates. */
  own: TlsFiles;
  /** For hosts it redirects to: the authorities alone. */
  trust: TlsFiles;
}

/** Collects the files of one host; each is checked when it is added. */
export class HostTlsFiles {
  readonly #files: NotedFiles;
  readonly #authorities: string[] = [];
  readonly #clients: ClientCertificate[] = [];

  constructor(files: NotedFiles) {
    this.#files = files;
  }

  /** Trusts the certificates of a PEM file. Throws an Error that says what the file is not. */
  addAuthority(path: string): void {
    const text = this.#read(path);
    checkCertificate(text);
    this.#authorities.push(text);
  }

  /** A client certificate; one file may hold both halves. Throws an Error that says what the files are not. */
  addClient(certPath: string, keyPath: string): void {
    const [cert, key] = [this.#read(certPath), this.#read(keyPath)];
    checkCertificate(cert);
    if (!new X509Certificate(cert).checkPrivateKey(privateKey(key)))
      throw new Error("the key does not belong to the certificate");
    this.#clients.push({ cert, key });
  }

  /** Undefined when nothing was added. */
  build(): HostTls | undefined {
    if (this.#authorities.length + this.#clients.length === 0) return undefined;
    const trust = tlsFiles(this.#authorities, []);
    return { trust, own: this.#clients.length > 0 ? tlsFiles(this.#authorities, this.#clients) : trust };
  }

  #read(path: string): string {
    try {
      return this.#files.read(path);
    } catch (error) {
      throw new Error(`it cannot be read: ${(error as NodeJS.ErrnoException).code}`);
    }
  }
}

function tlsFiles(authorities: string[], clients: ClientCertificate[]): TlsFiles {
  const id = createHash("sha256")
    .update(JSON.stringify([authorities, clients]))
    .digest("base64");
  return { id, authorities, clients };
}

function checkCertificate(text: string): void {
  try {
    new X509Certificate(text);
  } catch {
    throw new Error("a file with a certificate in PEM is required");
  }
}

function privateKey(text: string) {
  try {
    return createPrivateKey(text);
  } catch {
    throw new Error("a file with a private key in PEM is required");
  }
}
