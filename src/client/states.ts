/** States of pods and containers in words. */
import type { ContainerReport, PodReport } from "./pod-report.ts";

export function podState({ state }: Pick<PodReport, "state">): string {
  return state === "SANDBOX_READY" ? "ready" : "not ready";
}

/** `running`, `exited 137 (OOMKilled)`. */
export function containerState({ state, exitCode, reason }: ContainerReport): string {
  if (state !== "CONTAINER_EXITED") return state.replace("CONTAINER_", "").toLowerCase();
  const plain = reason === "" || reason === "Completed" || reason === "Error";
  return `exited ${exitCode}${plain ? "" : ` (${reason})`}`;
}

/** When it got into the state it is in. */
export function inStateSince({ state, createdAt, startedAt, finishedAt }: ContainerReport): string | null {
  if (state === "CONTAINER_RUNNING") return startedAt;
  return state === "CONTAINER_EXITED" ? finishedAt : createdAt;
}

export function podName({ metadata }: Pick<PodReport, "metadata">): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

/** As crictl shortens them. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 13);
}
