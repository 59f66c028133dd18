/** A GET by one route, through what stands before the answer: TLS or not, authorization, redirects. */

import { type Access, Authorizer } from "./auth.ts";
import { discard, readBounded } from "./body.ts";
import type { Credential } from "./credentials.ts";
import { RegistryFailure, retryAfterOf, unreachable } from "./failure.ts";
import { HttpClient, type HttpOptions, type HttpResponse } from "./http.ts";
import type { Route } from "./route.ts";

const maximumRedirects = 5;
const maximumErrorBytes = 64 * 1024;
/** All answers of an error together must fit into gRPC's headers. */
const maximumDetail = 1000;

export interface TransportOptions extends HttpOptions {
  userAgent: string;
}

export interface TransportRequest {
  /** Below `/v2/REPOSITORY/`: `manifests/TAG`, `blobs/DIGEST`. */
  path: string;
  headers: Record<string, string>;
  credential: Credential | undefined;
  signal: AbortSignal | undefined;
}

export class RegistryTransport {
  readonly #http: HttpClient;
  readonly #authorizer: Authorizer;
  readonly #userAgent: string;
  /** What hosts that may be plain turned out to speak. */
  readonly #schemes = new Map<string, string>();

  constructor(options: TransportOptions) {
    this.#http = new HttpClient(options);
    this.#authorizer = new Authorizer(this.#http, options.userAgent);
    this.#userAgent = options.userAgent;
  }

  /** The answer of status 200 or 206. Throws RegistryFailure for every other, or the signal's reason. */
  async get(route: Route, request: TransportRequest): Promise<HttpResponse> {
    const known = route.mayBePlain ? this.#schemes.get(route.host) : route.scheme;
    if (known) return await this.#getBy(known, route, request);
    try {
      return await this.#getBy("https:", route, request);
    } catch (error) {
      if (!isPerhapsPlain(error, route)) throw error;
      return await this.#getBy("http:", route, request);
    }
  }

  async close(): Promise<void> {
    await this.#http.close();
  }

  async #getBy(scheme: string, route: Route, request: TransportRequest): Promise<HttpResponse> {
    const { insecure, namespace, host, path } = route;
    const { repository } = route.reference;
    const root = new URL(`${scheme}//${host}${path}`);
    const access: Access = {
      root,
      repository,
      credential: request.credential,
      insecure,
      tls: route.tls?.own,
    };
    const url = new URL(`${root.href.replace(/\/$/, "")}/${repository}/${request.path}`);
    if (namespace) url.searchParams.set("ns", namespace);
    const known = this.#authorizer.header(access);
    const first = await this.#follow(url, route, known, request);
    this.#schemes.set(host, scheme);
    if (first.status !== 401) return await accepted(first);
    discard(first.body);
    const challenge = first.headers["www-authenticate"] ?? "";
    const fresh = await this.#authorizer.answer(access, challenge, request.signal);
    return await accepted(await this.#follow(url, route, fresh, request));
  }

  /**
   * Follows redirects. Authorization, client certificates and configured headers are for the own origin only, until
   * another was asked: that one may not say what the registry is asked with them, nor whom they are shown to.
   */
  async #follow(
    start: URL,
    { insecure, tls, headers: configured, connectTimeout }: Route,
    authorization: string | undefined,
    { headers, signal }: TransportRequest,
  ): Promise<HttpResponse> {
    const agent = { "user-agent": this.#userAgent };
    const own = { ...agent, ...configured, ...headers, ...(authorization && { authorization }) };
    let url = start;
    let isOwn = true;
    for (let redirects = 0; redirects <= maximumRedirects; redirects++) {
      isOwn &&= url.origin === start.origin;
      const response = await this.#http
        .request(url, {
          headers: isOwn ? own : { ...agent, ...headers },
          insecure,
          tls: isOwn ? tls?.own : tls?.trust,
          connectTimeout,
          signal,
        })
        .catch((error: unknown) => {
          signal?.throwIfAborted();
          throw unreachable(error);
        });
      const { location } = response.headers;
      if (response.status === 401 && !isOwn) {
        discard(response.body);
        throw new RegistryFailure("unauthenticated", `${url.host}, to which it redirects, answered 401`);
      }
      if (![301, 302, 303, 307, 308].includes(response.status) || !location) return response;
      discard(response.body);
      url = redirectTarget(location, url, insecure);
    }
    throw new RegistryFailure("invalid", `it redirects more than ${maximumRedirects} times`);
  }
}

function redirectTarget(location: string, from: URL, insecure: boolean): URL {
  const target = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (!target || !/^https?:$/.test(target.protocol))
    throw new RegistryFailure("invalid", "it redirects to no HTTP URL");
  if (from.protocol === "https:" && target.protocol === "http:" && !insecure) {
    throw new RegistryFailure("invalid", `it redirects from TLS to plain HTTP at ${target.host}`);
  }
  return target;
}

/** Whether an insecure host may speak plain HTTP where TLS failed: not when nobody listens there at all. */
function isPerhapsPlain(error: unknown, { reference }: Route): boolean {
  if (!(error instanceof RegistryFailure) || error.kind !== "unreachable") return false;
  const { code } = error.cause as NodeJS.ErrnoException;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return false;
  return code !== "ECONNREFUSED" || !/:\d+$/.test(reference.registry);
}

async function accepted(response: HttpResponse): Promise<HttpResponse> {
  if (response.status === 200 || response.status === 206) return response;
  throw await failureOf(response);
}

async function failureOf(response: HttpResponse): Promise<RegistryFailure> {
  const { status: code, headers } = response;
  const detail = await errorDetail(response);
  const message = detail ? `${detail} (${code})` : `answered ${code}`;
  if (code === 404) return new RegistryFailure("notFound", detail ? message : "not found (404)");
  if (code === 401) return new RegistryFailure("unauthenticated", message);
  if (code === 403) return new RegistryFailure("denied", message);
  if (code === 429 || code === 408 || code >= 500) {
    return new RegistryFailure("busy", message, {
      retryable: true,
      retryAfter: retryAfterOf(headers["retry-after"]),
    });
  }
  return new RegistryFailure("refused", message);
}

/** What the registry says, in one line: `{"errors": [{"code", "message"}]}`; empty when it says something else. */
async function errorDetail({ body }: HttpResponse): Promise<string> {
  try {
    const text = (await readBounded(body, maximumErrorBytes)).toString("utf8");
    const { errors } = JSON.parse(text) as { errors: { code?: string; message?: string }[] };
    const detail = errors.map(({ code, message }) => [code, message].filter(Boolean).join(": ")).join("; ");
    const line = detail.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
    return line.length > maximumDetail ? `${line.slice(0, maximumDetail)}…` : line;
  } catch {
    return "";
  }
}
