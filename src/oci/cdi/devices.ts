/** CDI devices by name, for the containers that ask for them. */
import { invalidArgument, type StatusError } from "../../cri/status-error.ts";
import type { ContainerEdits } from "./document.ts";
import { parseQualifiedName } from "./names.ts";
import type { RequestedDevice } from "./request.ts";
import { readSpecFiles, type SpecFile, type SpecFiles } from "./spec-files.ts";

/** Reads nothing until a device is asked for, and then anew what has changed since. */
export class CdiDevices {
  readonly #folders: readonly string[];
  #files: SpecFiles | undefined;

  /** `folders`: crio.conf's `cdi_spec_dirs`; later ones go before earlier ones. */
  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  /**
   * What the devices change in a container, in their order; what all devices of a file change comes first, and once.
   * INVALID_ARGUMENT for a device that no file describes, or more than one in a folder.
   */
  editsOf(requested: readonly RequestedDevice[]): ContainerEdits[] {
    const files = this.#current();
    const seen = new Set<SpecFile>();
    return requested.flatMap((request) => {
      const device = files.devices.get(request.name);
      if (!device || files.conflicts.has(request.name)) throw this.#unknown(request, files);
      const { file, edits } = device;
      if (seen.has(file)) return [edits];
      seen.add(file);
      return [file.document.containerEdits ?? {}, edits];
    });
  }

  #current(): SpecFiles {
    if (!this.#files?.isCurrent()) this.#files = readSpecFiles(this.#folders);
    return this.#files;
  }

  #unknown({ name, field }: RequestedDevice, { conflicts, problems }: SpecFiles): StatusError {
    if (!parseQualifiedName(name)) return invalidArgument(field, name, "not of the form VENDOR/CLASS=DEVICE");
    const conflict = conflicts.get(name);
    if (conflict) return invalidArgument(field, name, `${conflict.join(" and ")} both describe it`);
    const folders = this.#folders.join(", ") || "cdi_spec_dirs, which is empty,";
    const wrong = problems.length > 0 ? `; left out: ${problems.join("; ")}` : "";
    return invalidArgument(field, name, `no CDI specification in ${folders} describes it${wrong}`);
  }
}
