/** What TLS connections are made with, prepared in small steps: to read all authorities at once takes 10 to 20 ms. */
import { createSecureContext, type SecureContext } from "node:tls";
import type { TlsFiles } from "./host-tls.ts";
import { type Authorities, type AuthoritiesEnvironment, MachineAuthorities } from "./machine-authorities.ts";
import { inTurns } from "./turns.ts";

/** Contexts of certificates that were replaced; each has its own copy of all authorities. */
const maximumContexts = 64;

export interface TlsContext {
  /** Of this context alone: connections made with another are not shared. */
  id: number;
  context: SecureContext;
}

export class SecureContexts {
  readonly #machine: MachineAuthorities;
  readonly #contexts = new Map<string, Promise<TlsContext>>();
  #count = 0;
  #authorities: Authorities = [];

  constructor(environment: AuthoritiesEnvironment) {
    this.#machine = new MachineAuthorities(environment);
  }

  /**
   * The context for the certificates of a host: the same one for equal ones. It trusts the machine's authorities
   * beside the host's own, unless nothing is checked.
   */
  async of(files: TlsFiles | undefined, isChecked: boolean): Promise<TlsContext> {
    const authorities = isChecked ? await this.#machine.current() : [];
    if (isChecked && authorities !== this.#authorities) {
      this.#contexts.clear();
      this.#authorities = authorities;
    }
    const key = `${isChecked} ${files?.id ?? ""}`;
    const known = this.#contexts.get(key);
    if (known) return await known;
    const [oldest] = this.#contexts.keys();
    if (this.#contexts.size >= maximumContexts && oldest) this.#contexts.delete(oldest);
    const id = ++this.#count;
    const made = prepare(authorities, files).then((context) => ({ id, context }));
    this.#contexts.set(key, made);
    return await made;
  }
}

async function prepare(
  machine: Authorities,
  { authorities, clients }: Pick<TlsFiles, "authorities" | "clients"> = { authorities: [], clients: [] },
): Promise<SecureContext> {
  const pairs = { cert: clients.map(({ cert }) => cert), key: clients.map(({ key }) => key) };
  // An empty list keeps those away that Node.js brings along.
  const secure = createSecureContext({ ca: [], ...(clients.length > 0 && pairs) });
  await inTurns([...machine, ...authorities], (pem) => add(secure, pem));
  return secure;
}

/** A certificate in the machine's files that OpenSSL cannot read is no reason to trust none. */
function add({ context }: SecureContext, pem: string): void {
  try {
    context.addCACert(pem);
  } catch {
    // The handshake with whom it stands for will say that it is not trusted.
  }
}
