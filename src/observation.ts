/** What the daemon does, told to those who observe it (metrics, tracing): RPCs, and the steps within them. */
import type { Metadata, status } from "@grpc/grpc-js";
import { log } from "./log.ts";

/** A call of the CRI. */
export interface RpcCall {
  /** In full, such as `runtime.v1.RuntimeService`. */
  service: string;
  /** Such as `RunPodSandbox`. */
  method: string;
  /** Whether it is answered with a stream, for as long as the client stays. */
  streaming: boolean;
  /** As the client sent it. */
  metadata: Metadata;
}

/** How an RPC was answered. */
export interface RpcOutcome {
  code: status;
  /** What failed, where the code is not OK. */
  error?: unknown;
}

/** The kinds of step, and what is known of each; what may be absent is known at its end only, and not of every one. */
export interface Steps {
  /** A CNI plugin runs: ADD, DEL, CHECK, STATUS, GC or VERSION. */
  "cni.plugin": { network: string; plugin: string; command: string; containerId?: string | undefined };
  /** A pod's namespaces are made. */
  "pod.namespaces": { [name: string]: never };
  /** The OCI runtime runs: create (with the monitor), start, exec, kill, delete, update, state, … */
  "runtime.call": { handler: string; command: string; containerId?: string | undefined };
  /** An image or an artifact is pulled, for all who asked for it at the time. `reused` layers, of `reusedBytes` compressed, were here. */
  "image.pull": {
    image: string;
    id?: string;
    layers?: number;
    reusedLayers?: number;
    reusedBytes?: number;
  };
  /** The image's manifest is found, at its registry or a mirror. */
  "image.resolve": { image: string };
  /** The image's signatures are looked at, where there is a policy. */
  "image.verify": { image: string };
  /** A layer is made, while it is downloaded; `bytes` are what it takes on disk. */
  "layer.unpack": { digest: string; bytes?: number; inodes?: number };
  /** A layer's blob of `size` bytes is downloaded: `bytes` came, fewer where it was taken up again. */
  "layer.download": {
    digest: string;
    mediaType?: string | undefined;
    size?: number | undefined;
    bytes?: number;
  };
  /** Other work on the same pod or container (`key`) has to end first. */
  "lock.wait": { key: string };
  /** The daemon brings its records in step with the machine, at its start. */
  recovery: {
    [kind in "sandboxes" | "containers" | "execs"]?: { adopted: number; ended: number; removed: number };
  };
}

export type StepKind = keyof Steps;

/** A step that begins; `attributes` gets those fields later that are known at the end. */
export type Step = { [Kind in StepKind]: { kind: Kind; attributes: Steps[Kind] } }[StepKind];

/** What happens at a moment and is no step. */
export interface Incidents {
  /** A client asks again for what is being made, such as "sandbox creating", and waits for it. */
  "creation.joined": { stage: string };
  /** CNI has given a pod its network, by all plugins, in so many milliseconds. */
  "pod.attached": { durationMs: number };
  /** A reader of events did not keep up: so many are lost to it. */
  "events.dropped": { count: number };
}

export type Incident = {
  [Kind in keyof Incidents]: { kind: Kind; attributes: Incidents[Kind] };
}[keyof Incidents];

/** What an observer makes of one RPC or step. */
export interface Observation<Outcome> {
  /** Calls `run`, and returns what it does; for who wants to be known to the steps within. */
  within?<T>(run: () => T): T;
  /** It is over. */
  end(outcome: Outcome & { durationMs: number }): void;
}

export interface Observer {
  /** An RPC begins; undefined leaves it unobserved. */
  rpc?(call: RpcCall): Observation<RpcOutcome> | undefined;
  /** A step begins; undefined leaves it unobserved. It has failed when its outcome has an `error`. */
  step?(step: Step): Observation<{ error?: unknown }> | undefined;
  incident?(incident: Incident): void;
}

/** Adds what became known of a step. */
export type Note<Kind extends StepKind> = (attributes: Partial<Steps[Kind]>) => void;

let observers: readonly Observer[] = [];

/** Has `observer` told of everything that begins from now on, and returns the way back. */
export function observe(observer: Observer): () => void {
  observers = [...observers, observer];
  return () => {
    observers = observers.filter((other) => other !== observer);
  };
}

/** Answers an RPC by `run`, which does not reject, before those who observe. */
export function observeRpc(call: RpcCall, run: () => Promise<RpcOutcome>): Promise<RpcOutcome> {
  if (observers.length === 0) return run();
  return told(
    observers.map((observer) => attempt(() => observer.rpc?.(call))),
    run,
    (outcome) => outcome,
  );
}

/** Takes a step by `run`, before those who observe. Costs a check where nobody does. */
export function observeStep<Kind extends StepKind, T>(
  kind: Kind,
  attributes: Steps[Kind],
  run: (note: Note<Kind>) => Promise<T>,
): Promise<T> {
  if (observers.length === 0) return run(unnoted);
  const step = { kind, attributes } as Step;
  return told(
    observers.map((observer) => attempt(() => observer.step?.(step))),
    () => run((more) => Object.assign(attributes, more)),
    () => ({}),
  );
}

/** Tells those who observe of what has just happened. */
export function tellIncident<Kind extends keyof Incidents>(kind: Kind, attributes: Incidents[Kind]): void {
  const incident = { kind, attributes } as Incident;
  for (const observer of observers) attempt(() => observer.incident?.(incident));
}

function unnoted(): void {}

async function told<T, Outcome extends { error?: unknown }>(
  begun: (Observation<Outcome> | undefined)[],
  run: () => Promise<T>,
  outcomeOf: (result: T) => Outcome,
): Promise<T> {
  const observations = begun.filter((observation) => observation !== undefined);
  const started = performance.now();
  const end = (outcome: Outcome) => {
    const durationMs = performance.now() - started;
    for (const observation of observations) attempt(() => observation.end({ ...outcome, durationMs }));
  };
  let work = run;
  for (const { within } of observations) {
    const inner = work;
    if (within) work = () => within(inner);
  }
  try {
    const result = await work();
    end(outcomeOf(result));
    return result;
  } catch (error) {
    end({ error } as Outcome);
    throw error;
  }
}

/** What an observer gets wrong is no failure of what it observes. */
function attempt<T>(tell: () => T): T | undefined {
  try {
    return tell();
  } catch (error) {
    log.error("an observer failed", { error });
    return undefined;
  }
}
