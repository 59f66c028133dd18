/** The keys of `[crio.image]`. */
import { parseDuration } from "./duration.ts";
import { choice, flag, list, parsed, path, paths, text, whole } from "./key.ts";

export const imageKeys = {
  pause_image: text("registry.k8s.io/pause:3.10.1", "Image of the pause container, pulled when absent.", {
    reload: true,
  }),
  pause_image_auth_file: path("", "auth.json with the credentials that pull the pause image.", {
    reload: true,
  }),
  pause_command: text("", "Program of the pause container; when empty, the image's own entrypoint.", {
    reload: true,
  }),
  image_volumes: choice(
    ["mkdir", "bind", "ignore"],
    "mkdir",
    "Volumes that an image declares: folders of its root, mounts of a folder each with what the image has there, or nothing.",
    { reload: true },
  ),
  pinned_images: list(
    [],
    'Images that the kubelet must not collect, besides the pause image: names in full, "NAME*" or "*PART*".',
    'a list of image names, "*" only at the end or at both ends',
    imagePattern,
    { reload: true },
  ),
  max_layer_size: whole(
    32 * 1024 * 1024 * 1024,
    "Largest layer, in bytes of its uncompressed archive, holes of sparse files not counted; 0 for any size. It bounds the files of a layer too: each has 512 bytes there at least.",
    "a number of bytes, or 0",
    (value) => value >= 0,
    { reload: true },
  ),
  pull_progress_timeout: parsed(
    "0s",
    "How long a pull may be without a byte of its layers before it is cancelled; 0 for ever.",
    'a duration such as "10s" or "2m"',
    duration,
    { reload: true },
  ),
  oci_artifact_mount_support: flag(
    false,
    "Whether PullImage takes OCI artifacts as well as images, for image volumes: the kubelet, which pulls before it creates a container, needs true. With false PullImage refuses them; CreateContainer fetches one that a mount names and that is not here.",
    { reload: true },
  ),
  global_auth_file: path(
    "",
    "auth.json with credentials for pulls that bring none. Changes in it need no restart.",
  ),
  namespaced_auth_dir: path(
    "/etc/crio/auth",
    "Folder in which a credential provider leaves an auth.json for one pull, named for namespace and image.",
    { reload: true },
  ),
  registries_conf: path(
    "/etc/containers/registries.conf",
    "containers-registries.conf(5) in its version 2: mirrors, insecure and blocked registries. Changes in it need no restart.",
  ),
  short_name_mode: choice(
    ["", "enforcing", "permissive", "disabled"],
    "",
    'Of names without a registry that could be in several: "enforcing" refuses them, "permissive" and "disabled" try one after the other; when empty, as registries.conf says.',
    { reload: true },
  ),
  registry_certs_dirs: paths(
    ["/etc/containers/certs.d", "/etc/containerd/certs.d", "/etc/docker/certs.d"],
    "Folders with one folder HOST[:PORT] per registry, the first found counts: hosts.toml, or certificates *.crt, *.cert, *.key, beside the authorities that the machine trusts. Changes need no restart.",
  ),
  signature_policy: path(
    "",
    "containers-policy.json(5): which images may be pulled, signed by whom. Changes in it need no restart. When empty, /etc/containers/policy.json, without which every image may.",
    { reload: true },
  ),
  signature_policy_dir: path(
    "/etc/crio/policies",
    "Folder of NAMESPACE.json, which goes before signature_policy for the pods of that namespace.",
    { reload: true },
  ),
};

function duration(value: unknown): number | undefined {
  return typeof value === "string" ? parseDuration(value) : undefined;
}

function imagePattern(value: string): string | undefined {
  return /^([^*]+\*?|\*([^*]+\*)?)$/.test(value) ? value : undefined;
}
