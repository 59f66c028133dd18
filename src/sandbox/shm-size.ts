/** The size of a pod's /dev/shm, which an annotation may set as in CRI-O. */
import type { PodSandboxConfig } from "../cri/messages.ts";
import { invalidArgument } from "../cri/status-error.ts";
import { allowedAnnotation } from "../oci/spec/annotations.ts";

/** 64 MiB, the size that Docker made customary. */
export const defaultShmBytes = 64 * 1024 * 1024;

/** CRI-O's name for it today, and the one before. */
const annotationNames = ["shm-size.crio.io", "io.kubernetes.cri-o.ShmSize"];

const units: Record<string, number> = {
  m: 1e-3,
  "": 1,
  ...Object.fromEntries(["k", "M", "G", "T", "P", "E"].map((unit, index) => [unit, 1000 ** (index + 1)])),
  ...Object.fromEntries(
    ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].map((unit, index) => [unit, 1024 ** (index + 1)]),
  ),
};

/**
 * The bytes that the annotation asks for, where `allowed`, the handler's `allowed_annotations`, has it. INVALID_ARGUMENT
 * for what is not a quantity of Kubernetes, or not above 0.
 */
export function shmSize({ annotations }: PodSandboxConfig, allowed: readonly string[]): number {
  const annotation = allowedAnnotation(annotations, annotationNames, allowed);
  if (!annotation) return defaultShmBytes;
  const bytes = parseQuantity(annotation.value);
  if (bytes !== undefined && bytes > 0 && bytes <= Number.MAX_SAFE_INTEGER) return bytes;
  const field = `config.annotations[${JSON.stringify(annotation.name)}]`;
  throw invalidArgument(field, annotation.value, 'it must be a quantity above 0 such as "64Mi"');
}

/** A quantity (resource.Quantity of Kubernetes), rounded up to a whole number; undefined for what is none. */
export function parseQuantity(text: string): number | undefined {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([KMGTPE]i|[mkMGTPE]))?$/.exec(text);
  if (!match) return undefined;
  const [, number, exponent = "", unit = ""] = match;
  return Math.ceil(Number(`${number}${exponent}`) * (units[unit] as number));
}
