/** The files by which the apiserver's clients find it and say who they are. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Certificates, Client } from "./certificates.ts";

/** Writes a kubeconfig for each client into `folder`, with everything in it, and answers their paths. */
export async function writeKubeconfigs(
  folder: string,
  server: string,
  certificates: Certificates,
): Promise<Record<Client, string>> {
  const clients = Object.keys(certificates.clients) as Client[];
  const paths = clients.map(
    async (client) => [client, await writeKubeconfig(folder, client, server, certificates)] as const,
  );
  return Object.fromEntries(await Promise.all(paths)) as Record<Client, string>;
}

async function writeKubeconfig(
  folder: string,
  client: Client,
  server: string,
  { authority, clients }: Certificates,
): Promise<string> {
  const { cert, key } = clients[client];
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "cluster", cluster: { server, "certificate-authority-data": await base64(authority.cert) } },
    ],
    users: [
      {
        name: client,
        user: { "client-certificate-data": await base64(cert), "client-key-data": await base64(key) },
      },
    ],
    contexts: [{ name: client, context: { cluster: "cluster", user: client } }],
    "current-context": client,
  };
  const path = join(folder, `${client}.kubeconfig`);
  await writeFile(path, JSON.stringify(config, null, 2), { mode: 0o600 });
  return path;
}

async function base64(file: string): Promise<string> {
  return (await readFile(file)).toString("base64");
}
