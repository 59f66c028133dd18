/** What the span of a step is called, and what it says. */
import type { Attributes } from "@opentelemetry/api";
import type { Step, StepKind, Steps } from "../observation.ts";

/** The attributes, by OpenTelemetry's names where it has some. */
const attributeNames: { [Kind in StepKind]: { [Field in keyof Required<Steps[Kind]>]: string } } = {
  "cni.plugin": {
    network: "cni.network",
    plugin: "cni.plugin",
    command: "cni.command",
    containerId: "cni.container_id",
  },
  "pod.namespaces": {},
  "runtime.call": {
    handler: "oci.runtime.handler",
    command: "oci.runtime.command",
    containerId: "container.id",
  },
  "image.pull": {
    image: "container.image.name",
    id: "container.image.id",
    layers: "image.layers",
    reusedLayers: "image.reused_layers",
    reusedBytes: "image.reused_bytes",
  },
  "image.resolve": { image: "container.image.name" },
  "image.verify": { image: "container.image.name" },
  "layer.unpack": { digest: "layer.digest", bytes: "layer.disk_bytes", inodes: "layer.disk_inodes" },
  "layer.download": {
    digest: "layer.digest",
    mediaType: "layer.media_type",
    size: "layer.size",
    bytes: "layer.downloaded_bytes",
  },
  "lock.wait": { key: "lock.key" },
  recovery: { sandboxes: "recovery.sandboxes", containers: "recovery.containers", execs: "recovery.execs" },
};

/** A name that many spans share: the particulars are attributes. */
export function spanName({ kind, attributes }: Step): string {
  switch (kind) {
    case "cni.plugin":
      return `cni ${attributes.command} ${attributes.plugin}`;
    case "runtime.call":
      return `${attributes.handler} ${attributes.command}`;
    case "pod.namespaces":
      return "make namespaces";
    case "image.pull":
      return "pull image";
    case "image.resolve":
      return "resolve image";
    case "image.verify":
      return "verify signatures";
    case "layer.download":
      return "download layer";
    case "layer.unpack":
      return "unpack layer";
    case "lock.wait":
      return "wait for lock";
    case "recovery":
      return "recover";
  }
}

/** What is known of the step so far. */
export function spanAttributes({ kind, attributes }: Step): Attributes {
  const names: Record<string, string> = attributeNames[kind];
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([field, value]) => flat(names[field]!, value)),
  );
}

function flat(name: string, value: unknown): [string, string | number][] {
  if (typeof value === "string" || typeof value === "number") return [[name, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([field, one]) => flat(`${name}.${field}`, one));
}
