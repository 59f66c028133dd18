import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { type ConnectionOptions, connect } from "node:tls";
import { buildConfig, type Config } from "../config/load.ts";
import { readSettings } from "../config/settings.ts";
import { redirectLog } from "../log.ts";
import { readTlsOptions } from "../tls-files.ts";
import { StreamServer } from "./server.ts";
import { streamTlsFiles } from "./tls.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-tls-"));
const defaults = buildConfig(readSettings(undefined), false).api;

interface Pair {
  cert: string;
  key: string;
}

/** Makes a key and a certificate for it: self-signed, or signed by `issuer`. */
function certify(name: string, issuer?: Pair): Pair {
  const pair = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  const options = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-subj",
    `/CN=${name}`,
  ];
  const signer = issuer ? ["-CA", issuer.cert, "-CAkey", issuer.key] : [];
  const names = ["-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
  execFileSync(
    "openssl",
    ["req", "-x509", ...options, ...names, ...signer, "-keyout", pair.key, "-out", pair.cert],
    {
      stdio: "pipe",
    },
  );
  return pair;
}

/** Files as a secret is mounted: links through `..data`, which `put` swaps. */
function mountSecret(name: string): { files: Pair; put: (pair: Pair | string) => void } {
  const mount = join(folder, name);
  let generation = 0;
  const put = (pair: Pair | string) => {
    const data = `..${++generation}`;
    mkdirSync(join(mount, data), { recursive: true });
    for (const kind of ["cert", "key"] as const) {
      writeFileSync(join(mount, data, kind), typeof pair === "string" ? pair : readFileSync(pair[kind]));
    }
    symlinkSync(data, join(mount, "..data_tmp"));
    renameSync(join(mount, "..data_tmp"), join(mount, "..data"));
  };
  mkdirSync(mount);
  for (const kind of ["cert", "key"]) symlinkSync(`..data/${kind}`, join(mount, kind));
  return { files: { cert: join(mount, "cert"), key: join(mount, "key") }, put };
}

function tlsApi(pair: Pair, changes: Partial<Config["api"]> = {}): Config["api"] {
  return { ...defaults, streamEnableTls: true, streamTlsCert: pair.cert, streamTlsKey: pair.key, ...changes };
}

interface Greeting {
  /** The server's common name. */
  name: string;
  protocol: string | null;
  cipher: string;
  /** The status line of the answer to a request without a token. */
  status: string;
}

async function greet(server: StreamServer, options: ConnectionOptions): Promise<Greeting> {
  const { port } = new URL(
    server.url({ kind: "portforward", ports: [], pod: "", connect: () => assert.fail() }),
  );
  const socket = connect({ host: "127.0.0.1", port: Number(port), ...options });
  try {
    await once(socket, "secureConnect");
    const name = String(socket.getPeerCertificate().subject.CN);
    const found = { name, protocol: socket.getProtocol(), cipher: socket.getCipher().standardName };
    socket.write("GET /exec/none HTTP/1.1\r\nHost: x\r\n\r\n");
    // A client without a certificate learns of it only by this, in TLS 1.3.
    const refused = once(socket, "close").then(() => Promise.reject(new Error("refused")));
    const [answer] = (await Promise.race([once(socket, "data"), refused])) as [Buffer];
    return { ...found, status: answer.toString().split("\r\n")[0] ?? "" };
  } finally {
    socket.destroy();
  }
}

describe("the streaming server's TLS", { timeout: 60_000 }, () => {
  let authority: Pair;
  let stranger: Pair;
  let first: Pair;
  let second: Pair;
  let lines: string[] = [];
  let notice = () => {};
  let restoreLog = () => {};
  const servers: StreamServer[] = [];

  async function start(api: Config["api"]): Promise<StreamServer> {
    const server = new StreamServer(api);
    await server.listen();
    servers.push(server);
    return server;
  }

  /** Resolves with a line of the log that has `text`. */
  async function logged(text: string): Promise<void> {
    while (!lines.some((line) => line.includes(text))) {
      await new Promise<void>((resolve) => {
        notice = resolve;
      });
    }
  }

  before(() => {
    restoreLog = redirectLog((line) => {
      lines.push(line);
      notice();
    });
    authority = certify("authority");
    stranger = certify("stranger");
    first = certify("first", authority);
    second = certify("second", authority);
  });
  beforeEach(() => {
    lines = [];
  });
  after(async () => {
    for (const server of servers) await server.close();
    restoreLog();
    rmSync(folder, { recursive: true });
  });

  it("is what its URLs say, and shows the certificate", async () => {
    const server = await start(tlsApi(first));
    assert.match(
      server.url({ kind: "portforward", ports: [], pod: "", connect: () => assert.fail() }),
      /^https:/,
    );
    const ca = readFileSync(authority.cert);
    const { name, protocol, status } = await greet(server, { ca });
    assert.deepEqual(
      { name, protocol, status },
      { name: "first", protocol: "TLSv1.3", status: "HTTP/1.1 404 Not Found" },
    );
  });

  it("shows new clients the certificate that was put in its place", async () => {
    const { files, put } = mountSecret("rotated");
    put(first);
    const server = await start(tlsApi(files));
    const ca = readFileSync(authority.cert);
    assert.equal((await greet(server, { ca })).name, "first");
    put(second);
    await logged("new TLS files");
    assert.equal((await greet(server, { ca })).name, "second");
    lines = [];
    put(first);
    await logged("new TLS files");
    assert.equal((await greet(server, { ca })).name, "first");
  });

  it("keeps what it has when the new files are broken, and says why", async () => {
    const { files, put } = mountSecret("broken");
    put(first);
    const server = await start(tlsApi(files));
    put("no certificate");
    await logged("new TLS files are not used");
    assert.match(lines.join(), /stream_tls_cert is .*, it must be a file with a certificate in PEM/);
    put({ cert: second.cert, key: first.key });
    await logged("it must be the key of stream_tls_cert");
    assert.equal((await greet(server, { ca: readFileSync(authority.cert) })).name, "first");
  });

  it("asks clients for a certificate of its authority where there is one, also after a change", async () => {
    const { files, put } = mountSecret("authenticated");
    put(first);
    const server = await start(tlsApi(files, { streamTlsCa: authority.cert }));
    const ca = readFileSync(authority.cert);
    const as = (pair: Pair) => ({ ca, cert: readFileSync(pair.cert), key: readFileSync(pair.key) });
    const check = async (name: string) => {
      const known = await greet(server, as(second));
      assert.deepEqual([known.name, known.status], [name, "HTTP/1.1 404 Not Found"]);
      await assert.rejects(greet(server, { ca }));
      await assert.rejects(greet(server, as(stranger)));
    };
    await check("first");
    put(second);
    await logged("new TLS files");
    await check("second");
  });

  it("speaks no TLS older than the oldest it may", async () => {
    const ca = readFileSync(authority.cert);
    const strict = await start(tlsApi(first, { tlsMinVersion: "VersionTLS13" }));
    await assert.rejects(greet(strict, { ca, maxVersion: "TLSv1.2" }), /protocol version/);
    assert.equal((await greet(strict, { ca })).protocol, "TLSv1.3");
    const lax = await start(tlsApi(first));
    assert.equal((await greet(lax, { ca, maxVersion: "TLSv1.2" })).protocol, "TLSv1.2");
    await assert.rejects(greet(lax, { ca, minVersion: "TLSv1.1", maxVersion: "TLSv1.1" }));
  });

  it("has the cipher suites of TLS 1.2 that it is given, and all of TLS 1.3", async () => {
    const ca = readFileSync(authority.cert);
    const server = await start(tlsApi(first, { tlsCipherSuites: ["ECDHE-ECDSA-AES256-GCM-SHA384"] }));
    const { cipher } = await greet(server, { ca, maxVersion: "TLSv1.2" });
    assert.equal(cipher, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
    const ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
    await assert.rejects(greet(server, { ca, maxVersion: "TLSv1.2", ciphers }));
    assert.equal((await greet(server, { ca })).protocol, "TLSv1.3");
  });

  it("needs its files", async () => {
    const read = (api: Config["api"]) => readTlsOptions(streamTlsFiles(api));
    assert.throws(
      () => read(tlsApi({ cert: "/none", key: first.key })),
      /stream_tls_cert is "\/none", .*ENOENT/,
    );
    assert.throws(
      () => read(tlsApi({ cert: first.cert, key: first.cert })),
      /stream_tls_key is .* a private key/,
    );
    assert.throws(() => read(tlsApi(first, { streamTlsCa: first.key })), /stream_tls_ca is .* a certificate/);
    await assert.rejects(
      new StreamServer(tlsApi({ cert: first.cert, key: second.key })).listen(),
      /it must be the key of/,
    );
  });
});
