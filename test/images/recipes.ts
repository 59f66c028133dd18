import { type Contents, file } from "./contents.ts";
import type { ImageConfig, ImageRecipe } from "./image.ts";

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const E2E = "registry.k8s.io/e2e-test-images";
const STAGING = "gcr.io/k8s-staging-cri-tools";
const PAUSE_VERSIONS = ["3.9", "3.10", "3.10.1", "3.10.2"];

/** The images that critest, the tests and the demonstration pull, and how each is served. */
export function recipes(contents: Contents): ImageRecipe[] {
  return [
    ...PAUSE_VERSIONS.map((version) => pause(contents, version)),
    ...programs(contents),
    ...users(contents),
    ...tagged(contents),
  ];
}

function pause({ pause }: Contents, version: string): ImageRecipe {
  const references = [`registry.k8s.io/pause:${version}`];
  // critest pulls this one from two registries and expects one image.
  if (version === "3.9") references.push(`k8s.gcr.io/pause:${version}`);
  return {
    references,
    layers: [pause],
    config: {
      User: "65535:65535",
      Env: [PATH],
      WorkingDir: "/",
      Entrypoint: ["/pause"],
      Labels: { version },
    },
    format: "docker",
    multiPlatform: version === "3.10",
  };
}

function programs(contents: Contents): ImageRecipe[] {
  const { busybox, nginx, hostNetworkNginx, noNewPrivileges } = contents;
  return [
    {
      references: [`${E2E}/busybox:1.29-2`, "docker.io/library/busybox:latest"],
      layers: [busybox],
      config: { Env: [PATH], Cmd: ["sh"] },
      format: "oci",
      multiPlatform: true,
    },
    {
      references: [`${E2E}/nginx:1.14-2`, "docker.io/library/nginx:latest"],
      layers: [busybox, nginx],
      config: webServer(["nginx", "-e", "/dev/stderr"], "80/tcp"),
      format: "oci",
    },
    {
      references: [`${STAGING}/hostnet-nginx-amd64:latest`],
      layers: [busybox, hostNetworkNginx],
      config: webServer(["nginx", "-e", "/dev/stderr"], "12003/tcp"),
      format: "docker",
    },
    {
      references: [`${E2E}/httpd:2.4.39-4`],
      layers: [busybox, nginx],
      config: webServer(["sh", "-c", "echo httpd serves port 80; exec nginx -e /dev/stderr"], "80/tcp"),
      format: "docker",
    },
    {
      references: [`${E2E}/nonewprivs:1.3`],
      layers: [busybox, noNewPrivileges],
      config: { Env: [PATH], Cmd: ["sh", "-c", 'echo "Effective uid: $(effective-id -u)"'] },
      format: "oci",
    },
  ];
}

function webServer(command: string[], port: string): ImageConfig {
  return { Env: [PATH], Cmd: command, ExposedPorts: { [port]: {} }, StopSignal: "SIGQUIT" };
}

function users({ busybox, predefinedGroup }: Contents): ImageRecipe[] {
  const byName: [string, string][] = [
    ["user-uid", "1002"],
    ["user-username", "www-data"],
    ["user-uid-group", "1003:users"],
    ["user-username-group", "www-data:100"],
  ];
  return [
    ...byName.map(
      ([name, User]): ImageRecipe => ({
        references: [`${STAGING}/test-image-${name}:latest`],
        layers: [busybox],
        config: { User, Env: [PATH], Cmd: ["sh"] },
        format: "docker",
      }),
    ),
    {
      references: [`${STAGING}/test-image-predefined-group:latest`],
      layers: [busybox, predefinedGroup],
      config: { User: "1000", Env: [PATH], Cmd: ["sh"] },
      format: "oci",
    },
  ];
}

/** Images that differ in one file, so that each reference can be told from the others. */
function tagged({ busybox }: Contents): ImageRecipe[] {
  const named = (word: string, ...references: string[]): ImageRecipe => ({
    references: references.map((reference) => `${STAGING}/${reference}`),
    layers: [busybox, [file(word, `${word}\n`)]],
    config: { Env: [PATH], Cmd: ["sh"] },
    format: "oci",
  });
  return [
    named("latest", "test-image-latest:latest"),
    named("test", "test-image-tag:test"),
    named("all", "test-image-tag:all"),
    named("digest", "test-image-digest:latest"),
    named("tags", "test-image-tags:1", "test-image-tags:2", "test-image-tags:3"),
    ...["1", "2", "3"].map((number) => named(number, `test-image-${number}:latest`)),
  ];
}
