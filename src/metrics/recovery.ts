/** What the daemon found at its start. */
import type { Observer } from "../observation.ts";
import type { Families } from "./families.ts";

export function observeRecovery(families: Families): Observer {
  const recovered = families.gauge("recovered", {
    help: "What was found at the daemon's start: adopted, as it ran; ended meanwhile, or killed; removed, as half made.",
    labels: ["kind", "outcome"],
  });
  const duration = families.gauge("recovery_duration_seconds", {
    help: "How long the daemon took to bring its records in step with the machine, in seconds.",
  });
  return {
    step: (step) => {
      if (step.kind !== "recovery") return undefined;
      return {
        end: ({ durationMs }) => {
          duration.set(durationMs / 1000);
          for (const [kind, outcomes] of Object.entries(step.attributes)) {
            for (const [outcome, count] of Object.entries(outcomes)) recovered.set({ kind, outcome }, count);
          }
        },
      };
    },
  };
}
