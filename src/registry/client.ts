/** The distribution specification's client: manifests and blobs, through mirrors, credentials and retries. */
import type { AuthConfig } from "../cri/messages.ts";
import { AuthFile, type CredentialSource, dockerConfigPath } from "./auth-file.ts";
import { type BlobAnswer, type BlobBytes, openBlobStream } from "./blob-stream.ts";
import { readBounded } from "./body.ts";
import { CertsFolders } from "./certs-folders.ts";
import { requestCredential } from "./credentials.ts";
import { type Descriptor, FormatError } from "./descriptor.ts";
import { digestOf, digestProblem } from "./digest.ts";
import type { EndpointTrust } from "./endpoint-trust.ts";
import { RegistryFailure, unreachable } from "./failure.ts";
import type { Capability } from "./hosts-toml.ts";
import type { HttpResponse } from "./http.ts";
import { type Index, type Manifest, maximumManifestBytes, parseManifest } from "./manifest.ts";
import { acceptedManifests } from "./media-types.ts";
import type { Reference } from "./reference.ts";
import type { ShortNameMode } from "./registries-conf.ts";
import { RegistriesFile } from "./registries-file.ts";
import { firstOf, type RetryOptions } from "./retry.ts";
import { type Route, routesFor } from "./route.ts";
import { RegistryTransport, type TransportOptions } from "./transport.ts";

export interface RegistryClientOptions extends Partial<TransportOptions>, Partial<RetryOptions> {
  /** crio.conf's `registries_conf`; need not exist. */
  registriesConf: string;
  /** crio.conf's `short_name_mode`, as of now; empty leaves it to registries.conf. */
  shortNameMode?: ShortNameMode | "" | undefined;
  /** crio.conf's `global_auth_file`; need not exist. */
  globalAuthFile?: string | undefined;
  /** crio.conf's `registry_certs_dirs`; need not exist. */
  registryCertsDirs?: string[] | undefined;
}

/** What a pull brings along: credentials, the way to cancel it, and where it had success before. */
export interface PullOptions {
  auth?: AuthConfig | null | undefined;
  /** From `takeNamespacedAuth`. */
  namespacedAuth?: CredentialSource | undefined;
  signal?: AbortSignal | undefined;
  /** `endpoint` of an earlier answer: it is asked first. */
  endpoint?: string | undefined;
  /** What the pull has learnt of endpoints that sent wrong blobs. Default: every endpoint is trusted. */
  trust?: EndpointTrust | undefined;
}

export interface FetchedManifest {
  bytes: Buffer;
  mediaType: string;
  /** Of `bytes`; by the algorithm of the reference's digest, else sha256. */
  digest: string;
  document: Manifest | Index;
  /** `host/repository` that it came from. */
  endpoint: string;
}

const retryDefaults: RetryOptions = { rounds: 4, delay: 500, maximumDelay: 30_000 };
const transportDefaults: TransportOptions = {
  userAgent: "critter",
  connectTimeout: 10_000,
  idleTimeout: 30_000,
};

export class RegistryClient {
  readonly #options: RegistryClientOptions;
  readonly #registries: RegistriesFile;
  readonly #globalAuth: AuthFile | undefined;
  readonly #dockerAuth: AuthFile;
  readonly #certs: CertsFolders;
  readonly #transport: RegistryTransport;
  readonly #retry: RetryOptions;

  constructor(options: RegistryClientOptions) {
    this.#options = options;
    this.#registries = new RegistriesFile(options.registriesConf);
    this.#globalAuth = options.globalAuthFile ? new AuthFile(options.globalAuthFile) : undefined;
    this.#dockerAuth = new AuthFile(dockerConfigPath(process.env));
    this.#certs = new CertsFolders(options.registryCertsDirs ?? []);
    this.#retry = { ...retryDefaults, ...options };
    this.#transport = new RegistryTransport({ ...transportDefaults, ...options });
  }

  /**
   * What an image's name in a request may mean, in the order to try; one reference unless it is a short name.
   * Throws INVALID_ARGUMENT.
   */
  candidates(text: string): Reference[] {
    return this.#registries.current().candidates(text, this.#options.shortNameMode || undefined);
  }

  /**
   * The manifest or index of a reference, by digest where it has one. Mirrors are asked in order; what does not have
   * the right digest counts as a failure there. Throws the PullError of `pullError`.
   */
  async manifest(reference: Reference, options: PullOptions = {}): Promise<FetchedManifest> {
    return await firstOf(
      reference.toString(),
      this.#routes(reference, options, reference.digest ? ["pull"] : ["pull", "resolve"]),
      this.#retry,
      options.signal,
      async (route) => {
        const { tag, digest } = route.reference;
        const headers = { accept: acceptedManifests };
        const response = await this.#get(route, `manifests/${digest ?? tag}`, headers, options);
        const bytes = await readManifest(response);
        const document = verifyManifest(bytes, response, digest);
        const found = { mediaType: document.mediaType, digest: digestOf(bytes, digest) };
        return { bytes, document, ...found, endpoint: route.reference.name };
      },
    );
  }

  /**
   * The blob's bytes from `offset`; the caller checks the digest, and refuses them where it is wrong. A connection that
   * breaks is taken up again where it broke, at the next endpoint if there is one. Rejects, or fails the stream, as
   * `manifest` and `openBlobStream` say.
   */
  async blob(
    reference: Reference,
    descriptor: Descriptor,
    options: PullOptions & { offset?: number } = {},
  ): Promise<BlobBytes> {
    const { offset = 0, signal, trust } = options;
    const { digest } = descriptor;
    const known = this.#routes(reference, options, ["pull"]);
    let routes = trust?.inOrder(digest, known) ?? known;
    const open = (position: number): Promise<BlobAnswer> =>
      firstOf(`blob ${digest} of ${reference}`, routes, this.#retry, signal, async (route) => {
        trust?.check(route);
        const range: Record<string, string> = position > 0 ? { range: `bytes=${position}-` } : {};
        const response = await this.#get(route, `blobs/${digest}`, range, options);
        checkBlobAnswer(response, descriptor, position);
        const demote = () => {
          routes = [...routes.filter((other) => other !== route), route];
        };
        return { response, endpoint: route.reference.name, demote };
      });
    const refuse = (problem: string, endpoints: string[]) => {
      trust?.refuse({ digest, problem, endpoints, isWhole: offset === 0 });
      return trust?.hasAny(known) ?? false;
    };
    return await openBlobStream(descriptor, offset, { open, refuse }, signal);
  }

  /** Closes every connection; transfers under way fail. */
  async close(): Promise<void> {
    await this.#transport.close();
  }

  #routes(reference: Reference, { endpoint: preferred }: PullOptions, needed: Capability[]): Route[] {
    const endpoints = this.#registries.current().endpointsFor(reference);
    const routes = routesFor(endpoints, this.#certs, needed);
    const isPreferred = (route: Route) => route.reference.name === preferred;
    return [...routes.filter(isPreferred), ...routes.filter((route) => !isPreferred(route))];
  }

  #get(
    route: Route,
    path: string,
    headers: Record<string, string>,
    options: PullOptions,
  ): Promise<HttpResponse> {
    const credential =
      requestCredential(options.auth, route) ??
      options.namespacedAuth?.find(route.reference) ??
      this.#globalAuth?.find(route.reference) ??
      this.#dockerAuth.find(route.reference);
    return this.#transport.get(route, { path, headers, credential, signal: options.signal });
  }
}

async function readManifest({ body }: HttpResponse): Promise<Buffer> {
  try {
    return await readBounded(body, maximumManifestBytes);
  } catch (error) {
    if (error instanceof RangeError) throw new RegistryFailure("invalid", `its manifest: ${error.message}`);
    throw unreachable(error);
  }
}

/** Content that is not what was asked for is the endpoint's failure: another mirror may have the right one. */
function verifyManifest(
  bytes: Buffer,
  { headers }: HttpResponse,
  wanted: string | undefined,
): Manifest | Index {
  const header = headers["docker-content-digest"];
  const told = typeof header === "string" && !digestProblem(header) ? header : undefined;
  const expected = wanted ?? told;
  const actual = digestOf(bytes, expected);
  if (expected && actual !== expected) {
    throw new RegistryFailure("corrupt", `its manifest has the digest ${actual}, not ${expected}`);
  }
  try {
    return parseManifest(bytes, (headers["content-type"] ?? "").replace(/\s*;.*$/, ""));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new RegistryFailure("invalid", `its manifest cannot be used: ${error.message}`);
  }
}

function checkBlobAnswer(response: HttpResponse, { digest, size }: Descriptor, position: number): void {
  const length = response.headers["content-length"];
  const remaining = response.status === 206 ? size - position : size;
  const range = response.headers["content-range"] ?? "";
  const isWrongRange = response.status === 206 && !range.startsWith(`bytes ${position}-`);
  if (!isWrongRange && (length === undefined || Number(length) === remaining)) return;
  response.body.destroy();
  const offered = isWrongRange ? `the range ${JSON.stringify(range)}` : `${length} bytes`;
  throw new RegistryFailure(
    "corrupt",
    `it offers ${offered} of blob ${digest}, not ${remaining} bytes from ${position}`,
  );
}
