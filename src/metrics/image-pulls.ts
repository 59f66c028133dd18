/** Pulls: what they brought, what was here already, and how they failed. */
import type { Observer } from "../observation.ts";
import { boundedLabel, OTHER } from "./bounded-label.ts";
import type { Families } from "./families.ts";
import { pullFailure } from "./pull-failure.ts";
import { layerSizes, sizeClass } from "./size-class.ts";

/** Seconds; from an image that is here to one of gigabytes. */
const durations = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
/** Images that are told apart: a machine may see any number. */
const MOST_IMAGES = 200;
/** A layer may claim to be of any. */
const MOST_MEDIA_TYPES = 40;

export function observeImagePulls(families: Families): Observer {
  const bytes = families.counter("image_pulls_bytes_total", {
    help: "Bytes of layers that came, by media type and class of the layer's size.",
    labels: ["mediatype", "size"],
  });
  const skipped = families.counter("image_pulls_skipped_bytes_total", {
    help: "Bytes of layers that were here already, compressed, by class of their sum.",
    labels: ["size"],
  });
  const successes = families.counter("image_pulls_success_total", { help: "Pulls that succeeded." });
  const failures = families.counter("image_pulls_failure_total", {
    help: "Pulls that failed, by the registry's error code or what else went wrong.",
    labels: ["error"],
  });
  const sizes = families.histogram("image_pulls_layer_size", {
    help: "Sizes of the layers that came, in bytes.",
    buckets: layerSizes,
  });
  const reuse = families.counter("image_layer_reuse_total", {
    help: `Layers that were here already, by image; images after the first ${MOST_IMAGES} are "${OTHER}".`,
    labels: ["name"],
  });
  const pulls = families.histogram("image_pull_duration_seconds", {
    help: "How long pulls took that succeeded, in seconds.",
    buckets: durations,
  });
  const unpacked = families.histogram("layer_unpack_duration_seconds", {
    help: "How long layers took to come and to be unpacked, in seconds.",
    buckets: durations,
  });
  const imageLabel = boundedLabel(MOST_IMAGES);
  const mediaTypeLabel = boundedLabel(MOST_MEDIA_TYPES);
  return {
    step: ({ kind, attributes }) => {
      switch (kind) {
        case "image.pull":
          return {
            end: ({ error, durationMs }) => {
              if (error !== undefined) {
                failures.inc({ error: pullFailure(error) });
                return;
              }
              successes.inc();
              pulls.observe(durationMs / 1000);
              const { image, reusedLayers = 0, reusedBytes = 0 } = attributes;
              if (reusedLayers === 0) return;
              reuse.inc({ name: imageLabel(image) }, reusedLayers);
              skipped.inc({ size: sizeClass(reusedBytes) }, reusedBytes);
            },
          };
        case "layer.download":
          return {
            end: ({ error }) => {
              const { mediaType = "", size = 0, bytes: came = 0 } = attributes;
              bytes.inc({ mediatype: mediaTypeLabel(mediaType), size: sizeClass(size) }, came);
              if (error === undefined) sizes.observe(size);
            },
          };
        case "layer.unpack":
          return {
            end: ({ error, durationMs }) => {
              if (error === undefined) unpacked.observe(durationMs / 1000);
            },
          };
        default:
          return undefined;
      }
    },
  };
}
