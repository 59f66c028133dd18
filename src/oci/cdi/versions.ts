/** Versions of the CDI specification, and what each has that those before have not. */
import type { CdiDocument, ContainerEdits } from "./document.ts";

const versions = ["0.1.0", "0.2.0", "0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0", "0.8.0", "1.0.0", "1.1.0"];

/** Later versions first: what each of them brought. What 1.1.0 brought is not among the fields that are read. */
const needs: readonly [version: string, what: string, used: (document: CdiDocument) => boolean][] = [
  ["0.7.0", "intelRdt", anyEdits(({ intelRdt }) => intelRdt !== undefined)],
  ["0.7.0", "additionalGids", anyEdits(({ additionalGids }) => Boolean(additionalGids?.length))],
  ["0.6.0", "annotations", ({ annotations, devices }) => [{ annotations }, ...devices].some(isAnnotated)],
  ["0.6.0", "a dot in the class", ({ kind }) => kind.slice(kind.indexOf("/")).includes(".")],
  ["0.5.0", "a device's name that begins with a digit", ({ devices }) => devices.some(beginsWithDigit)],
  [
    "0.5.0",
    "hostPath of a device",
    anyEdits(({ deviceNodes }) => Boolean(deviceNodes?.some(({ hostPath }) => hostPath))),
  ],
  ["0.4.0", "type of a mount", anyEdits(({ mounts }) => Boolean(mounts?.some(({ type }) => type)))],
];

/** Why the document cannot be of the version it names; undefined if it can. */
export function versionProblem(document: CdiDocument): string | undefined {
  const shown = `cdiVersion is ${JSON.stringify(document.cdiVersion)}`;
  const index = versions.indexOf(document.cdiVersion.replace(/^v/, ""));
  if (index < 0) return `${shown}, which is not known: 0.1.0 to 1.1.0 are`;
  const missing = needs.find(([version, , used]) => versions.indexOf(version) > index && used(document));
  return missing && `${shown}, but ${missing[1]} needs ${missing[0]}`;
}

function anyEdits(used: (edits: ContainerEdits) => boolean): (document: CdiDocument) => boolean {
  return ({ containerEdits = {}, devices }) =>
    used(containerEdits) || devices.some((device) => used(device.containerEdits));
}

function isAnnotated({ annotations }: { annotations?: Record<string, string> | undefined }): boolean {
  return Object.keys(annotations ?? {}).length > 0;
}

function beginsWithDigit({ name }: { name: string }): boolean {
  return /^\d/.test(name);
}
