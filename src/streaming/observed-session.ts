/** A session that is watched, for the log: its client alone learns of a command's outcome. */
import { type Outcome, outcomeOf } from "./outcome.ts";
import type { Session } from "./session.ts";

export interface ObservedSession {
  session: Session;
  /** How the command ended, once it has; ports end without one. */
  outcome?: Outcome;
}

/** `session`, to be served in place of the one that is given. */
export function observe(session: Session): ObservedSession {
  if (session.kind === "portforward") return { session };
  const observed: ObservedSession = {
    session: {
      ...session,
      run: async (streams, signal) => {
        const outcome = await outcomeOf(session, streams, signal);
        observed.outcome = outcome;
        if ("error" in outcome) throw outcome.error;
        return outcome;
      },
    },
  };
  return observed;
}
