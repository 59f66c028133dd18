/** The keys and certificates of a cluster, as its administrator would make them: by openssl, from authorities of its own. */
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Files of a certificate and its key, in PEM. */
export interface Pair {
  cert: string;
  key: string;
}

export interface Certificates {
  /** Signs all but the front proxy's. */
  authority: Pair;
  /** What the apiserver serves with. */
  apiserver: Pair;
  /** As which the apiserver asks aggregated APIs, and who signed that. */
  frontProxy: Pair;
  frontProxyAuthority: Pair;
  /** Signs the tokens of service accounts. */
  serviceAccounts: { privateKey: string; publicKey: string };
  /** Of the clients, by name. */
  clients: Record<Client, Pair>;
}

export type Client = keyof ReturnType<typeof clientSubjects>;

/** Makes all of them in `folder`, which is made. `addresses` are those that the apiserver is reached at. */
export async function makeCertificates(
  folder: string,
  nodeName: string,
  addresses: readonly string[],
): Promise<Certificates> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [authority, frontProxyAuthority] = await Promise.all([
    certify(folder, "authority", "/CN=cluster"),
    certify(folder, "front-proxy-authority", "/CN=front-proxy"),
  ]);
  const names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"];
  const served = [...names.map((name) => `DNS:${name}`), ...addresses.map((address) => `IP:${address}`)];
  const clients = Object.entries(clientSubjects(nodeName)).map(
    async ([name, subject]) => [name, await certify(folder, name, subject, authority)] as const,
  );
  return {
    authority,
    frontProxyAuthority,
    apiserver: await certify(folder, "apiserver", "/CN=kube-apiserver", authority, served),
    frontProxy: await certify(folder, "front-proxy", "/CN=front-proxy-client", frontProxyAuthority),
    serviceAccounts: await keyPair(folder, "service-accounts"),
    clients: Object.fromEntries(await Promise.all(clients)) as Record<Client, Pair>,
  };
}

/** The names and groups by which Kubernetes' own roles know them. */
function clientSubjects(nodeName: string) {
  return {
    administrator: "/O=system:masters/CN=administrator",
    controllerManager: "/CN=system:kube-controller-manager",
    scheduler: "/CN=system:kube-scheduler",
    proxy: "/CN=system:kube-proxy",
    kubelet: `/O=system:nodes/CN=system:node:${nodeName}`,
  };
}

/** Self-signed where there is no issuer, and an authority then. */
async function certify(
  folder: string,
  name: string,
  subject: string,
  issuer?: Pair,
  alternativeNames: readonly string[] = [],
): Promise<Pair> {
  const pair = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const signer = issuer
    ? ["-CA", issuer.cert, "-CAkey", issuer.key, "-addext", "basicConstraints=CA:FALSE"]
    : [];
  const names =
    alternativeNames.length > 0 ? ["-addext", `subjectAltName=${alternativeNames.join(",")}`] : [];
  const out = ["-keyout", pair.key, "-out", pair.cert];
  await run("openssl", ["req", "-x509", ...kind, "-subj", subject, ...signer, ...names, ...out]);
  return pair;
}

async function keyPair(folder: string, name: string): Promise<{ privateKey: string; publicKey: string }> {
  const files = { privateKey: join(folder, `${name}.key`), publicKey: join(folder, `${name}.pub`) };
  const curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  await run("openssl", ["genpkey", ...curve, "-out", files.privateKey]);
  await run("openssl", ["pkey", "-in", files.privateKey, "-pubout", "-out", files.publicKey]);
  return files;
}
