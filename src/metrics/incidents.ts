/** What should not happen often: clients that ask twice, readers that do not keep up. */
import type { Observer } from "../observation.ts";
import type { Families } from "./families.ts";

export function observeIncidents(families: Families): Observer {
  const stalled = families.counter("resources_stalled_at_stage", {
    help: "Requests for a pod or container that was still being made, by what the client had to wait for.",
    labels: ["stage"],
  });
  const dropped = families.counter("containers_events_dropped_total", {
    help: "Events that were lost to readers who did not keep up.",
  });
  return {
    incident: ({ kind, attributes }) => {
      if (kind === "creation.joined") stalled.inc(attributes);
      if (kind === "events.dropped") dropped.inc(attributes.count);
    },
  };
}
