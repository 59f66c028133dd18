/** An RPC that is cut off by the daemon's death, and what its client does then. */
import type { CrashBed } from "../bed.ts";

/**
 * How a client goes on that got no answer: `blind` sends the same request again; `listing` looks first what there is, as the
 * kubelet does, and asks for what is missing.
 */
export type Way = "blind" | "listing";

export interface Operation<State> {
  name: string;
  /** Makes what the request needs, on a daemon that has nothing. */
  prepare(bed: CrashBed): Promise<State>;
  /** The request whose points are tried. */
  request(bed: CrashBed, state: State): Promise<unknown>;
  /** What the client does after the daemon's start. */
  repeat(bed: CrashBed, state: State, way: Way): Promise<unknown>;
  /** Fails unless all is as if nothing had happened. */
  verify(bed: CrashBed, state: State): Promise<void>;
  /** Whether the daemon goes on with it after its answer, until so many ms later; 300 when absent. */
  afterwardsMs?: number;
}

/** The operation without the type of what it prepares. */
export interface AnyOperation {
  name: string;
  afterwardsMs: number;
  /** Prepares it; what is answered is to be called in this order. */
  begin(bed: CrashBed): Promise<Prepared>;
}

export interface Prepared {
  request(): Promise<unknown>;
  repeat(way: Way): Promise<unknown>;
  verify(): Promise<void>;
}

export function operation<State>(parts: Operation<State>): AnyOperation {
  return {
    name: parts.name,
    afterwardsMs: parts.afterwardsMs ?? 300,
    async begin(bed) {
      const state = await parts.prepare(bed);
      return {
        request: () => parts.request(bed, state),
        repeat: (way) => parts.repeat(bed, state, way),
        verify: () => parts.verify(bed, state),
      };
    },
  };
}
