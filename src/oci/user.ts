/**
 * Who a container's process runs as: the request's user and groups, the image's, /etc/passwd and /etc/group
 * of its root.
 */
import type { Int64, Int64Value, LinuxContainerUser, SupplementalGroupsPolicy } from "../cri/messages.ts";
import { failedPrecondition, invalidArgument } from "../cri/status-error.ts";
import { Accounts, maximumId } from "./spec/accounts.ts";
import type { User } from "./spec/types.ts";

/**
 * What LinuxContainerSecurityContext and LinuxSandboxSecurityContext have in common; the message itself will
 * do.
 */
export interface RequestedUser {
  runAsUser: Int64Value | null;
  runAsGroup: Int64Value | null;
  /** A sandbox has none. */
  runAsUsername?: string;
  supplementalGroups: Int64[];
  supplementalGroupsPolicy: SupplementalGroupsPolicy;
}

/**
 * Resolves the user for the root file system `rootfs`. `requested` goes before `imageUser` (`User` of the
 * image's configuration); `field` is the request's security context, for messages. INVALID_ARGUMENT for a
 * wrong request, FAILED_PRECONDITION for an image whose user is not in its own files.
 */
export function resolveUser(
  rootfs: string,
  requested: RequestedUser | null,
  imageUser: string,
  field = "config.linux.security_context",
): User {
  if (requested) validate(requested, field);
  const accounts = new Accounts(rootfs);
  const asked = requestedName(requested);
  const [imageName = "", imageGroup = ""] = asked === undefined ? imageUser.split(":") : [];

  const account = accounts.user(asked ?? imageName);
  if (!account && asked !== undefined) {
    throw invalidArgument(`${field}.run_as_username`, asked, "the image's /etc/passwd has no such user");
  }
  if (!account)
    throw failedPrecondition(`the image's user is ${imageUser}, but its /etc/passwd has no such user`);

  const group = imageGroup === "" ? account.gid : accounts.gid(imageGroup);
  if (group === undefined) {
    throw failedPrecondition(`the image's user is ${imageUser}, but its /etc/group has no such group`);
  }
  const gid = requested?.runAsGroup ? Number(requested.runAsGroup.value) : group;

  const supplemental = (requested?.supplementalGroups ?? []).map(Number);
  const memberOf = requested?.supplementalGroupsPolicy === "Strict" ? [] : accounts.groupsOf(account.name);
  // The primary group is among them too, so that no process gains by leaving it (CVE-2022-2989).
  return { uid: account.uid, gid, additionalGids: [...new Set([gid, ...memberOf, ...supplemental])] };
}

/** The same as ContainerStatus reports it. */
export function containerUser({ uid, gid, additionalGids }: User): LinuxContainerUser {
  return { uid, gid, supplementalGroups: additionalGids };
}

function requestedName(requested: RequestedUser | null): string | undefined {
  if (requested?.runAsUser) return String(requested.runAsUser.value);
  return requested?.runAsUsername || undefined;
}

function validate(requested: RequestedUser, field: string): void {
  const { runAsUser, runAsGroup, runAsUsername, supplementalGroups, supplementalGroupsPolicy } = requested;
  if (runAsUser) checkId(`${field}.run_as_user`, runAsUser.value);
  if (runAsGroup) checkId(`${field}.run_as_group`, runAsGroup.value);
  for (const [index, group] of supplementalGroups.entries()) {
    checkId(`${field}.supplemental_groups[${index}]`, group);
  }
  if (supplementalGroupsPolicy !== "Merge" && supplementalGroupsPolicy !== "Strict") {
    throw invalidArgument(`${field}.supplemental_groups_policy`, supplementalGroupsPolicy, "it is unknown");
  }
  if (runAsUser && runAsUsername) {
    throw invalidArgument(`${field}.run_as_username`, runAsUsername, "run_as_user is set too");
  }
  if (runAsUsername?.includes(":")) {
    throw invalidArgument(`${field}.run_as_username`, runAsUsername, "a user's name has no ':'");
  }
  if (runAsGroup && !runAsUser && !runAsUsername) {
    throw invalidArgument(
      `${field}.run_as_group`,
      runAsGroup.value,
      "it needs run_as_user or run_as_username",
    );
  }
}

function checkId(field: string, value: Int64): void {
  const id = Number(value);
  if (!Number.isInteger(id) || id < 0 || id > maximumId) {
    throw invalidArgument(field, value, `not an id from 0 to ${maximumId}`);
  }
}
