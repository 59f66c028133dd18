/** The programs that pods wait for: CNI plugins and the OCI runtime. */
import type { Observer } from "../observation.ts";
import type { Families } from "./families.ts";

/** Seconds; the quickest take milliseconds, a stuck one a minute. */
const durations = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

export function observePrograms(families: Families): Observer {
  const plugins = families.histogram("cni_plugin_duration_seconds", {
    help: "How long CNI plugins ran, in seconds.",
    labels: ["plugin", "command"],
    buckets: durations,
  });
  const pluginErrors = families.counter("cni_plugin_errors_total", {
    help: "Runs of CNI plugins that failed.",
    labels: ["plugin", "command"],
  });
  const calls = families.histogram("runtime_call_duration_seconds", {
    help: "How long the OCI runtime ran, in seconds; create with the monitor.",
    labels: ["handler", "command"],
    buckets: durations,
  });
  const callErrors = families.counter("runtime_call_errors_total", {
    help: "Runs of the OCI runtime that failed.",
    labels: ["handler", "command"],
  });
  return {
    step: (step) => {
      if (step.kind === "cni.plugin") {
        const { plugin, command } = step.attributes;
        return {
          end: ({ error, durationMs }) => {
            plugins.observe({ plugin, command }, durationMs / 1000);
            if (error !== undefined) pluginErrors.inc({ plugin, command });
          },
        };
      }
      if (step.kind === "runtime.call") {
        const { handler, command } = step.attributes;
        return {
          end: ({ error, durationMs }) => {
            calls.observe({ handler, command }, durationMs / 1000);
            if (error !== undefined) callErrors.inc({ handler, command });
          },
        };
      }
      return undefined;
    },
  };
}
