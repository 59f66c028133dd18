import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The registries whose images the test registry holds, each below a folder of its own name. */
export const MIRRORED = ["registry.k8s.io", "gcr.io", "k8s.gcr.io", "docker.io"] as const;

/**
 * Writes `registries.conf` (containers-registries.conf(5), version 2) into a folder: every mirrored registry is
 * reached on the insecure one at `address`. Answers the file's path.
 */
export async function writeRegistriesConf(folder: string, address: string): Promise<string> {
  const tables = MIRRORED.map(
    (name) => `[[registry]]
prefix = "${name}"
location = "${name}"

[[registry.mirror]]
location = "${address}/${name}"
insecure = true
`,
  );
  const path = join(folder, "registries.conf");
  await writeFile(path, `unqualified-search-registries = ["docker.io"]\n\n${tables.join("\n")}`);
  return path;
}

/** Writes the same mirrors as `certs.d/<registry>/hosts.toml`, which containerd reads. Answers the folder certs.d. */
export async function writeHostsToml(folder: string, address: string): Promise<string> {
  const certs = join(folder, "certs.d");
  for (const name of MIRRORED) {
    await mkdir(join(certs, name), { recursive: true });
    const text = `[host."http://${address}/v2/${name}"]
capabilities = ["pull", "resolve"]
override_path = true
`;
    await writeFile(join(certs, name, "hosts.toml"), text);
  }
  return certs;
}
