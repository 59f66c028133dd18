/** What containerd's config.toml says of registries: a folder that critter reads too, or lines for registries.conf. */
import type { Leaf, Leaves } from "./leaves.ts";
import { endpointOf, registryLines } from "./registry-lines.ts";
import { isEmpty, type Translation, textOf } from "./translation.ts";

const registry = ["cri", "registry"];

export function translateRegistries(leaves: Leaves, translation: Translation): void {
  const folders = [
    leaves.get(...registry, "config_path"),
    leaves.get("plugins", "io.containerd.transfer.v1.local", "config_path"),
  ].find((leaf) => leaf && !isEmpty(leaf.value));
  const inline = ["mirrors", "configs", "auths", "headers"].flatMap((name) =>
    leaves.below(...registry, name),
  );
  if (folders) {
    const paths = textOf(folders.value).split(":").filter(Boolean);
    translation.take("crio.image.registry_certs_dirs", paths, folders);
  }
  if (folders && inline.length > 0) {
    for (const leaf of inline)
      translation.remark("ignored", leaf, "containerd itself does not read it beside config_path", true);
    return;
  }
  for (const leaf of inline) remarkSecretsAndFiles(leaf, translation);
  translation.registries.push(...linesOf(leaves, translation));
}

function linesOf(leaves: Leaves, translation: Translation): string[] {
  const insecure = (host: string) =>
    leaves.get(...registry, "configs", host, "tls", "insecure_skip_verify")?.value === true;
  const mirrored = [...leaves.tablesBelow(...registry, "mirrors").keys()].filter((host) => host !== "*");
  const unverified = [...leaves.tablesBelow(...registry, "configs").keys()].filter(insecure);
  const endpoints = new Map(mirrored.map((host) => [host, endpointsOf(leaves, host, translation)]));
  const mirrors = new Set([...endpoints.values()].flat().map((url) => endpointOf(url)?.host));
  // A mirror says for itself that it is not verified.
  const alone = unverified.filter((host) => !endpoints.has(host) && !mirrors.has(host));
  const all = new Map([...endpoints, ...alone.map((host) => [host, []] as [string, string[]])]);
  return [...all].flatMap(([host, urls]) => registryLines(host, urls, insecure));
}

/** The endpoints that registries.conf can name. */
function endpointsOf(leaves: Leaves, host: string, translation: Translation): string[] {
  const leaf = leaves.get(...registry, "mirrors", host, "endpoint");
  if (!leaf) return [];
  const urls = (Array.isArray(leaf.value) ? leaf.value : []).map(textOf);
  const named = urls.filter((url) => endpointOf(url) !== undefined);
  const lost = urls.filter((url) => !named.includes(url));
  const secret = urls.some((url) => url.includes("@"));
  if (lost.length > 0)
    translation.remark(
      "none",
      leaf,
      "registries.conf has locations HOST[:PORT][/PATH] below /v2, no other paths and no passwords: hosts.toml with override_path, and auth.json, do",
      secret,
    );
  if (named.length > 0)
    translation.remark("changed", leaf, "registries.conf says it: critter config --registries", secret);
  return named;
}

function remarkSecretsAndFiles(leaf: Leaf, translation: Translation): void {
  const [, , table, host, ...rest] = leaf.path;
  if (isEmpty(leaf.value)) return;
  if (table === "mirrors" && host === "*") {
    translation.remark(
      "none",
      leaf,
      'registries.conf has no such mirrors: write a table [host."URL"] for each into /etc/containers/certs.d/_default/hosts.toml',
    );
  } else if (table === "auths" || (table === "configs" && rest[0] === "auth")) {
    translation.remark(
      "none",
      leaf,
      "credentials belong into an auth.json, which global_auth_file names, or into imagePullSecrets",
      true,
    );
  } else if (table === "headers") {
    translation.remark("none", leaf, 'headers are for one server: in hosts.toml, [host."URL".header]', true);
  } else if (table === "configs" && rest[0] === "tls" && rest[1] !== "insecure_skip_verify") {
    const name = { ca_file: "ca.crt", cert_file: "client.cert", key_file: "client.key" }[String(rest[1])];
    translation.remark("changed", leaf, `copy it to /etc/containers/certs.d/${host}/${name ?? "ca.crt"}`);
  }
}
