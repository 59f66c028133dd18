/** The programs that pods wait for: CNI plugins and the OCI runtime. */
import type { Observation, Observer } from "../observation.ts";
import type { Families } from "./families.ts";

/** Seconds; the quickest take milliseconds, a stuck one a minute. */
const durations = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

export function observePrograms(families: Families): Observer {
  const plugin = countRuns(families, "cni_plugin", ["plugin", "command"], {
    durations: "How long CNI plugins ran, in seconds.",
    errors: "Runs of CNI plugins that failed.",
  });
  const call = countRuns(families, "runtime_call", ["handler", "command"], {
    durations: "How long the OCI runtime ran, in seconds; create with the monitor.",
    errors: "Runs of the OCI runtime that failed.",
  });
  return {
    step: ({ kind, attributes }) => {
      if (kind === "cni.plugin") return plugin({ plugin: attributes.plugin, command: attributes.command });
      if (kind === "runtime.call") return call({ handler: attributes.handler, command: attributes.command });
      return undefined;
    },
  };
}

/** Makes the metrics of one kind of program. Answers what observes a run of it, by the values of its labels. */
function countRuns<Label extends string>(
  families: Families,
  kind: "cni_plugin" | "runtime_call",
  labels: readonly Label[],
  help: { durations: string; errors: string },
): (values: Record<Label, string>) => Observation<{ error?: unknown }> {
  const runs = families.histogram(`${kind}_duration_seconds`, {
    help: help.durations,
    labels,
    buckets: durations,
  });
  const errors = families.counter(`${kind}_errors_total`, { help: help.errors, labels });
  return (values) => ({
    end: ({ error, durationMs }) => {
      runs.observe(values, durationMs / 1000);
      if (error !== undefined) errors.inc(values);
    },
  });
}
