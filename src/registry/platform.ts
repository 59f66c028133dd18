/** Platforms in Go's names, and the manifest of an index that suits one. */
import type { Descriptor, Platform } from "./descriptor.ts";

const architectures: Partial<Record<NodeJS.Architecture, string>> = {
  x64: "amd64",
  ia32: "386",
  ppc64: "ppc64le",
};

/** The platform this daemon runs on: `linux/amd64`, `linux/arm/v7`, … */
export function hostPlatform(): Platform {
  const architecture = architectures[process.arch] ?? process.arch;
  if (architecture !== "arm") return { os: "linux", architecture };
  const { arm_version: version = "7" } = process.config.variables as { arm_version?: string };
  return { os: "linux", architecture, variant: `v${version}` };
}

/** `os/architecture[/variant]`. */
export function platformName({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter(Boolean).join("/");
}

/**
 * The manifest in an index that suits `platform` best: the same variant, else the newest older one. Entries that
 * tell no platform are taken when there is just one and nothing else suits. Undefined when none does.
 */
export function choosePlatform(manifests: Descriptor[], platform: Platform): Descriptor | undefined {
  const wanted = variantLevel(platform);
  let best: { manifest: Descriptor; level: number } | undefined;
  for (const manifest of manifests) {
    const offered = manifest.platform;
    if (offered?.os !== platform.os || offered.architecture !== platform.architecture) continue;
    const level = variantLevel(offered);
    if (level <= wanted && (!best || level > best.level)) best = { manifest, level };
  }
  if (best) return best.manifest;
  const unlabelled = manifests.filter((manifest) => !manifest.platform);
  return unlabelled.length === 1 ? unlabelled[0] : undefined;
}

/** The platforms an index has something for, for a message; attestations (`unknown/unknown`) are left out. */
export function listPlatforms(manifests: Descriptor[]): string {
  const names = manifests.flatMap(({ platform }) =>
    platform && platform.os !== "unknown" ? [platformName(platform)] : [],
  );
  return [...new Set(names)].join(", ") || "nothing";
}

/** Variants are steps: each runs what the ones below it run. The lowest in use is the default where none is told. */
function variantLevel({ architecture, variant }: Platform): number {
  const lowest: Record<string, number> = { arm: 7, arm64: 8, amd64: 1 };
  const level = Number.parseFloat((variant ?? "").replace(/^v/, ""));
  return Number.isNaN(level) ? (lowest[architecture] ?? 0) : level;
}
