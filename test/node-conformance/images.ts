/** The images that the specs of Kubernetes pull: copies of those of the test registry by other tags, and agnhost, built here. */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { ImageConfig } from "../images/image.ts";
import { pushImage } from "../images/push.ts";
import { rawImage } from "../images/raw-image.ts";
import { AGNHOST, CERTIFICATE } from "./programs.ts";

const E2E = "registry.k8s.io/e2e-test-images";
const BUSYBOX = "busybox:1.29-2";

/** Which image of the test registry stands for which that the specs name. */
const COPIES: readonly [wanted: string, there: string][] = [
  ["glibc-dns-testing:2.0.0", BUSYBOX],
  ["ipc-utils:1.4", BUSYBOX],
  ["nginx:1.15-4", "nginx:1.14-2"],
  ["nginx:1.27-0", "nginx:1.14-2"],
  ["nonewprivs:1.4", "nonewprivs:1.3"],
];

const AGNHOST_TAGS = ["2.55", "2.63.0"];

interface Image {
  /** Archives, not compressed. */
  layers: Buffer[];
  config: ImageConfig;
}

/** Pushes all of them to the registry at `to`, which may be written; `from` is that of the test images. */
export async function pushImages(from: string, to: string): Promise<void> {
  for (const [wanted, there] of COPIES) await push(to, wanted, await pull(from, there));
  const { layers, config } = await pull(from, BUSYBOX);
  await push(to, "busybox:1.37.0-1", { layers: [...layers, shellLayer()], config });
  await push(to, "nonroot:1.5", { layers, config: { ...config, User: "1234" } });
  const agnhost = { ...config, Entrypoint: ["/agnhost"], Cmd: ["pause"] };
  for (const tag of AGNHOST_TAGS)
    await push(to, `agnhost:${tag}`, { layers: [...layers, agnhostLayer()], config: agnhost });
}

async function push(registry: string, image: string, content: Image): Promise<void> {
  const [name, tag] = image.split(":");
  await pushImage(registry, `${E2E}/${name}`, tag!, rawImage(content));
}

async function pull(registry: string, image: string): Promise<Image> {
  const [name, tag] = image.split(":");
  const base = `http://${registry}/v2/${E2E}/${name}`;
  const first = await json<Manifest & Index>(`${base}/manifests/${tag}`);
  const here = first.manifests?.find(({ platform }) => platform.architecture === "amd64");
  const manifest = here ? await json<Manifest>(`${base}/manifests/${here.digest}`) : first;
  const { config } = await json<{ config: ImageConfig }>(`${base}/blobs/${manifest.config.digest}`);
  const blobs = manifest.layers.map(({ digest }) => bytes(`${base}/blobs/${digest}`));
  return { config, layers: (await Promise.all(blobs)).map((blob) => gunzipSync(blob)) };
}

interface Manifest {
  config: { digest: string };
  layers: { digest: string }[];
}

interface Index {
  manifests?: { digest: string; platform: { architecture: string } }[];
}

const MEDIA_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

async function bytes(url: string): Promise<Buffer> {
  const response = await fetch(url, { headers: { accept: MEDIA_TYPES.join(", ") } });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

async function json<T>(url: string): Promise<T> {
  return JSON.parse((await bytes(url)).toString());
}

/** A shell that passes on variables with a dash in their names, as specs have them; that of Debian's busybox does not. */
function shellLayer(): Buffer {
  return layer((root) => copyProgram("/bin/bash", root, "/bin/sh"));
}

/** What agnhost's own image has, as far as the specs of nodes look for it: the program by two names, others, a certificate, accounts. */
function agnhostLayer(): Buffer {
  return layer((root) => {
    copyFileSync(AGNHOST, join(root, "agnhost"));
    linkSync(join(root, "agnhost"), join(root, "agnhost-2"));
    mkdirSync(join(root, "uploads"));
    for (const file of CERTIFICATE) copyFileSync(file, join(root, basename(file)));
    for (const program of ["/bin/bash", "/usr/bin/curl"]) copyProgram(program, root);
    // Before busybox's, which knows no UDP.
    copyProgram("/bin/nc.openbsd", root, "/usr/bin/nc");
    mkdirSync(join(root, "etc"));
    writeFileSync(join(root, "etc/passwd"), `${PASSWD.join("\n")}\n`);
    writeFileSync(join(root, "etc/group"), `${GROUP.join("\n")}\n`);
  });
}

/** An archive of what `fill` puts into a folder, all of it root's. */
function layer(fill: (root: string) => void): Buffer {
  const root = mkdtempSync(join(tmpdir(), "critter-image-"));
  try {
    // Not root alone may look into it.
    chmodSync(root, 0o755);
    fill(root);
    const tar = ["--numeric-owner", "--owner=0", "--group=0", "-c", "-C", root, "."];
    return execFileSync("tar", tar, { maxBuffer: 512 * 1024 * 1024 });
  } finally {
    rmSync(root, { recursive: true });
  }
}

const PASSWD = [
  "root:x:0:0:root:/root:/bin/sh",
  "nobody:x:65534:65534:nobody:/home:/bin/false",
  "user-defined-in-image:x:1000:1000::/home:/bin/sh",
];
const GROUP = [
  "root:x:0:",
  "nogroup:x:65534:",
  "user-defined-in-image:x:1000:",
  "group-defined-in-image:x:50000:user-defined-in-image",
];

/** With its libraries, where it looks for them. */
function copyProgram(path: string, root: string, target = path): void {
  const libraries = execFileSync("ldd", [path], { encoding: "utf8" }).match(/\/\S+/g) ?? [];
  const copies = new Map([[path, target], ...libraries.map((library) => [library, library] as const)]);
  for (const [from, to] of copies) {
    mkdirSync(join(root, dirname(to)), { recursive: true });
    copyFileSync(from, join(root, to));
  }
}
