/** A pod sandbox as the CRI's answers show it. */
import type { PodSandbox, PodSandboxFilter, PodSandboxState, PodSandboxStatus } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { matchesLabels } from "../state/filter.ts";
import { namespaceModes, type PodSandboxRecord } from "./record.ts";

export function sandboxState({ phase }: PodSandboxRecord): PodSandboxState {
  return phase === "ready" ? "SANDBOX_READY" : "SANDBOX_NOTREADY";
}

/** Its entry in ListPodSandbox. */
export function sandboxEntry(record: PodSandboxRecord): Init<PodSandbox> {
  const { id, config, createdAt, runtimeHandler } = record;
  const { metadata, labels, annotations } = config;
  return { id, metadata, labels, annotations, state: sandboxState(record), createdAt, runtimeHandler };
}

/** Its PodSandboxStatus. */
export function sandboxStatus(record: PodSandboxRecord): Init<PodSandboxStatus> {
  const [ip = "", ...additional] = record.ips;
  const { targetId = "", usernsOptions } = record.config.linux?.securityContext?.namespaceOptions ?? {};
  return {
    ...sandboxEntry(record),
    network: { ip, additionalIps: additional.map((address) => ({ ip: address })) },
    linux: {
      namespaces: {
        options: { ...namespaceModes(record.config), targetId, ...(usernsOptions && { usernsOptions }) },
      },
    },
  };
}

/** Whether a listing with `filter` shows the sandbox; `id` is the filter's, made whole. */
export function sandboxMatches(
  record: PodSandboxRecord,
  filter: PodSandboxFilter | null,
  id?: string,
): boolean {
  // One that is still being made is nobody's yet: it may yet be rolled back.
  if (record.phase === "creating") return false;
  if (!filter) return true;
  if (id !== undefined && record.id !== id) return false;
  if (filter.state && filter.state.state !== sandboxState(record)) return false;
  return matchesLabels(record.config.labels, filter.labelSelector);
}
