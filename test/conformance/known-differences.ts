/** Specs that a peer (Debian bookworm's containerd) cannot pass, and why. Nothing is ever listed for critter. */
const containerd: Record<string, string> = {
  "Idempotence: should not return error when StopPodSandbox is called on a pod that does not exist":
    "1.6.20 answers NOT_FOUND",
  "Idempotence: should not return error when StopContainer is called on a container that does not exist":
    "1.6.20 answers NOT_FOUND",
  "Image Volume: should return image digest in ContainerStatus mounts": "1.6.20 has no image volumes",
  "Image Volume: should correctly mount image and enforce read-only": "1.6.20 has no image volumes",
  "Image Volume: should reject Image Volume with Readonly set to false": "1.6.20 has no image volumes",
  "Image Volume: subPath should succeed when using a valid subPath": "1.6.20 has no image volumes",
  "Image Volume: subPath should fail when subPath does not exist in the image": "1.6.20 has no image volumes",
};

/** Groups of specs that critest itself spares containerd. */
const sparedGroups: Record<string, [prefix: string, reason: string]> = {
  containerd: ["Streaming List: ", "1.6.20 has no streamed lists"],
};

const byRuntime: Record<string, Record<string, string>> = { containerd };

/** The reason why `runtime` is not held to the spec; undefined where it is. */
export function knownDifference(runtime: string, spec: string): string | undefined {
  const [prefix, reason] = sparedGroups[runtime] ?? [];
  if (prefix !== undefined && spec.startsWith(prefix)) return reason;
  return byRuntime[runtime]?.[spec];
}
