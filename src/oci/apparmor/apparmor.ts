/** The AppArmor profile of one container: what its security context asks for, once the kernel has it. */
import type { SecurityProfile } from "../../cri/messages.ts";
import { failedPrecondition, invalidArgument, messageOf } from "../../cri/status-error.ts";
import { log } from "../../log.ts";
import { defaultProfile, defaultProfileName } from "./default-profile.ts";
import type { ApparmorPolicy } from "./policy.ts";

/** What security contexts have of AppArmor; the message itself will do. */
export interface RequestedApparmor {
  apparmor: SecurityProfile | null;
  /** Deprecated: `unconfined`, `runtime/default` or `localhost/` and a name; a sandbox has none. */
  apparmorProfile?: string;
  privileged: boolean;
}

/** Keys of `crio.runtime`. */
export interface ApparmorSettings {
  /** Name of the default profile, `unconfined` for none. */
  apparmorProfile: string;
}

/** Names that `apparmor_profile` has for our own profile: CRI-O's own is meant so too. */
const ownNames = new Set(["", defaultProfileName, "crio-default"]);

export class Apparmor {
  readonly #settings: ApparmorSettings;
  readonly #policy: ApparmorPolicy | undefined;
  #loading: Promise<void> | undefined;

  /** `policy` is undefined where AppArmor is not in use. */
  constructor(settings: ApparmorSettings, policy: ApparmorPolicy | undefined) {
    this.#settings = settings;
    this.#policy = policy;
  }

  /** Loads the default profile, that of an older critter too. A failure is logged, and each container's that needs it. */
  async start(): Promise<void> {
    if (!this.#policy || !ownNames.has(this.#settings.apparmorProfile)) return;
    try {
      await this.#load(this.#policy);
    } catch (error) {
      log.error("the default AppArmor profile cannot be loaded", { error: messageOf(error) });
    }
  }

  /**
   * `process.apparmorProfile` of a container; undefined for one that is unconfined. One that does not ask gets the
   * default, unless it is privileged. INVALID_ARGUMENT for a profile that the kernel does not have, FAILED_PRECONDITION
   * for any of its own without AppArmor; `field` is the security context.
   */
  async profileOf(
    requested: RequestedApparmor | null | undefined,
    field = "config.linux.security_context",
  ): Promise<string | undefined> {
    const asked = requested?.apparmor ?? fromName(requested?.apparmorProfile ?? "", field);
    if (asked.profileType !== "Localhost" && asked.localhostRef !== "") {
      throw invalidArgument(
        `${field}.apparmor.localhost_ref`,
        asked.localhostRef,
        "profile_type is not Localhost",
      );
    }
    switch (asked.profileType) {
      case "Unconfined":
        return undefined;
      case "RuntimeDefault":
        return requested?.privileged || !this.#policy ? undefined : await this.#default(this.#policy);
      case "Localhost":
        return this.#local(asked.localhostRef, `${field}.apparmor`);
      default:
        throw invalidArgument(`${field}.apparmor.profile_type`, asked.profileType, "it is unknown");
    }
  }

  #local(reference: string, field: string): string {
    const name = reference.replace(/^localhost\//, "");
    if (name === "")
      throw invalidArgument(`${field}.localhost_ref`, reference, "a profile's name is required");
    if (!this.#policy)
      throw failedPrecondition(`${field} is "${name}": AppArmor is not in use on this machine`);
    if (this.#policy.has(name)) return name;
    throw invalidArgument(`${field}.localhost_ref`, reference, "the kernel has no such AppArmor profile");
  }

  async #default(policy: ApparmorPolicy): Promise<string | undefined> {
    const { apparmorProfile } = this.#settings;
    if (apparmorProfile === "unconfined") return undefined;
    if (!ownNames.has(apparmorProfile)) {
      if (policy.has(apparmorProfile)) return apparmorProfile;
      const value = JSON.stringify(apparmorProfile);
      throw failedPrecondition(
        `crio.runtime.apparmor_profile is ${value}: the kernel has no such AppArmor profile`,
      );
    }
    // A tool that unloads what no file of its own describes may have been here.
    if (!policy.has(defaultProfileName)) await this.#load(policy);
    return defaultProfileName;
  }

  #load(policy: ApparmorPolicy): Promise<void> {
    this.#loading ??= policy.load(defaultProfile()).finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }
}

function fromName(name: string, field: string): SecurityProfile {
  if (name === "unconfined") return { profileType: "Unconfined", localhostRef: "" };
  if (name === "" || name === "runtime/default") return { profileType: "RuntimeDefault", localhostRef: "" };
  if (name.startsWith("localhost/")) return { profileType: "Localhost", localhostRef: name };
  const right = "unconfined, runtime/default or localhost/NAME is required";
  throw invalidArgument(`${field}.apparmor_profile`, name, right);
}
