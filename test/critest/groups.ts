/** The groups of critest's specs that critter passes today, and how their full names begin. */
export const GROUPS: Readonly<Record<string, string>> = {
  PodSandbox: "PodSandbox ",
  // "Container" alone would name "Container OOM" and "Container Mount …" too.
  Container: "Container runtime should ",
  Networking: "Networking ",
  "Multiple Containers": "Multiple Containers ",
  "Runtime info": "Runtime info ",
  Idempotence: "Idempotence ",
  "Image Manager": "Image Manager ",
  "Image Consistency": "Image Consistency ",
  "Image Identifier Consistency": "Image Identifier Consistency ",
  "Image Volume": "Image Volume ",
  Streaming: "Streaming ",
};

/** Specs of those groups that wait for a later issue: the metrics of pod sandboxes. */
export const LATER: readonly string[] = ["listing pod sandbox metrics", "returning metrics descriptors"];

/** A regular expression, as Go reads it too, for the full names of a group's specs. Throws for an unknown group. */
export function groupPattern(group: string): string {
  const start = GROUPS[group];
  if (!start) throw new Error(`no group "${group}"; there are: ${Object.keys(GROUPS).join(", ")}`);
  return `\\[k8s\\.io\\] ${start}`;
}
