/** CDI specifications as they are written (CDI specification 1.0.0). Names are the specification's. */
import {
  DocumentError,
  flag,
  listOf,
  mapOf,
  object,
  type Reader,
  text,
  whole,
} from "../../config/document.ts";
import { hookStages, isHookStage } from "../spec/hooks.ts";
import type { Hook, HookStage, IntelRdt } from "../spec/types.ts";
import { isDeviceName, isKind } from "./names.ts";
import { versionProblem } from "./versions.ts";

export interface CdiDocument {
  cdiVersion: string;
  /** `VENDOR/CLASS`. */
  kind: string;
  annotations?: Record<string, string>;
  devices: CdiDevice[];
  /** For a container with any of the devices. */
  containerEdits?: ContainerEdits;
}

export interface CdiDevice {
  name: string;
  annotations?: Record<string, string>;
  containerEdits: ContainerEdits;
}

/** What a device changes in a container's config.json. */
export interface ContainerEdits {
  /** `NAME=VALUE` each. */
  env?: string[];
  deviceNodes?: DeviceNode[];
  mounts?: CdiMount[];
  hooks?: CdiHook[];
  additionalGids?: number[];
  intelRdt?: IntelRdt;
}

/** Numbers that are absent are those of `hostPath`, or of `path` on the host. */
export interface DeviceNode {
  path: string;
  hostPath?: string;
  type?: "b" | "c" | "u" | "p";
  major?: number;
  minor?: number;
  fileMode?: number;
  /** Of r, w and m; all of them when absent. */
  permissions?: string;
  uid?: number;
  gid?: number;
}

export interface CdiMount {
  hostPath: string;
  containerPath: string;
  options?: string[];
  type?: string;
}

export type CdiHook = Hook & { hookName: HookStage };

const id = whole(0, 2 ** 32 - 1);
const number = whole(0, 2 ** 32 - 1);
const filled = text((value) => value !== "", "a string that is not empty");
const absolute = text((value) => value.startsWith("/"), "an absolute path");
const env = listOf(text((value) => value.indexOf("=") > 0, '"NAME=VALUE"'));
/** Names as Kubernetes has them, with or without a domain before the slash. */
const annotationName = /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?[a-z0-9]([a-z0-9_.-]{0,61}[a-z0-9])?$/i;

const annotations: Reader<Record<string, string>> = (value, place) => {
  const read = mapOf(text())(value, place);
  const wrong = Object.keys(read).find((name) => !annotationName.test(name));
  if (wrong === undefined) return read;
  throw new DocumentError(`${place} has ${JSON.stringify(wrong)}, which is not an annotation's name`);
};

const edits = object<ContainerEdits>({
  env,
  deviceNodes: listOf(
    object<DeviceNode>(
      {
        path: absolute,
        hostPath: absolute,
        type: text((value) => /^[bcup]$/.test(value), "b, c, u or p") as () => "b" | "c" | "u" | "p",
        major: number,
        minor: number,
        fileMode: whole(0, 2 ** 32 - 1),
        permissions: text((value) => /^[rwm]*$/.test(value), "of r, w and m"),
        uid: id,
        gid: id,
      },
      { required: ["path"] },
    ),
  ),
  mounts: listOf(
    object<CdiMount>(
      { hostPath: filled, containerPath: absolute, options: listOf(text()), type: text() },
      { required: ["hostPath", "containerPath"] },
    ),
  ),
  hooks: listOf(
    object<CdiHook>(
      {
        hookName: text(isHookStage, `one of ${hookStages.join(", ")}`) as () => HookStage,
        path: absolute,
        args: listOf(text()),
        env,
        timeout: whole(1, 2 ** 31 - 1),
      },
      { required: ["hookName", "path"] },
    ),
  ),
  additionalGids: listOf(id),
  intelRdt: object<IntelRdt>({
    closID: text((value) => !/[/\n]/.test(value) && !/^\.{1,2}$/.test(value), "the name of a folder"),
    l3CacheSchema: text(),
    memBwSchema: text(),
    enableCMT: flag,
    enableMBM: flag,
  }),
});

const document = object<CdiDocument>(
  {
    cdiVersion: text(),
    kind: text(isKind, "of the form VENDOR/CLASS"),
    annotations,
    devices: listOf(
      object<CdiDevice>(
        {
          name: text(isDeviceName, "a name of letters, digits and _-.:"),
          annotations,
          containerEdits: edits,
        },
        { required: ["name", "containerEdits"] },
      ),
    ),
    containerEdits: edits,
  },
  { required: ["cdiVersion", "kind", "devices"] },
);

/** Checks what was parsed. Throws DocumentError for what the specification, in the version it names, does not allow. */
export function readCdiDocument(value: unknown): CdiDocument {
  const read = document(value, "");
  const problem = versionProblem(read);
  if (problem) throw new DocumentError(problem);
  if (read.devices.length === 0) throw new DocumentError("devices is empty");
  const names = new Set<string>();
  for (const { name, containerEdits } of read.devices) {
    if (names.has(name)) throw new DocumentError(`devices has ${JSON.stringify(name)} twice`);
    names.add(name);
    if (Object.keys(containerEdits).length === 0)
      throw new DocumentError(`device ${JSON.stringify(name)} has no containerEdits`);
  }
  return read;
}
