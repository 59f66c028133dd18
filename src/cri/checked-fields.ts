/** Checks that fields of several requests share: names, paths, labels and annotations, what a program is given. */
import { invalidArgument } from "./status-error.ts";

/** Kubernetes' longest name, a DNS subdomain. */
const LONGEST_NAME = 253;
/** PATH_MAX and NAME_MAX of Linux, the former without its NUL. */
const LONGEST_PATH = 4095;
const LONGEST_COMPONENT = 255;
/** Kubernetes allows 256 KiB of annotations; the kubelet and CRI clients add some, and labels are short. */
const MOST_LABEL_BYTES = 512 * 1024;
/** The kernel's MAX_ARG_STRLEN, with the NUL, and what it gives arguments and environment together at most (execve(2)). */
const LONGEST_ARGUMENT = 128 * 1024;
const MOST_ARGUMENT_BYTES = 6 * 1024 * 1024;

/** Control and format characters, blanks, and what separates names in paths and in CNI_ARGS. */
const notInNames = /[\p{C}\p{Z}/;=]/u;
const control = /\p{Cc}/u;

/** INVALID_ARGUMENT for what cannot name a pod, a namespace or a container. */
export function checkName(field: string, name: string): void {
  if (name.length > LONGEST_NAME)
    throw invalidArgument(field, name, `it must have at most ${LONGEST_NAME} characters`);
  if (notInNames.test(name) || name === "." || name === "..")
    throw invalidArgument(field, name, "it must not have blanks, control characters, '/', ';' or '='");
}

/** INVALID_ARGUMENT for what can be no path: too long, or with control characters. Whether it is absolute is not looked at. */
export function checkPath(field: string, path: string): void {
  if (control.test(path)) throw invalidArgument(field, path, "it must not have control characters");
  if (Buffer.byteLength(path) > LONGEST_PATH)
    throw invalidArgument(field, path, `a path has at most ${LONGEST_PATH} bytes`);
  const long = path.split("/").some((component) => Buffer.byteLength(component) > LONGEST_COMPONENT);
  if (long) throw invalidArgument(field, path, `a part of a path has at most ${LONGEST_COMPONENT} bytes`);
}

/** INVALID_ARGUMENT for labels and annotations, of `message`, that would burden every list with more than Kubernetes allows. */
export function checkLabels(
  message: string,
  { labels, annotations }: { labels: Record<string, string>; annotations: Record<string, string> },
): void {
  for (const [field, texts] of Object.entries({ labels, annotations })) {
    let bytes = 0;
    for (const [name, value] of Object.entries(texts))
      bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    if (bytes <= MOST_LABEL_BYTES) continue;
    throw invalidArgument(`${message}.${field}`, `${bytes} bytes`, `at most ${MOST_LABEL_BYTES} are allowed`);
  }
}

/** INVALID_ARGUMENT for arguments, or an environment, that execve(2) would refuse; `given` is what else there is, in bytes. */
export function checkArguments(field: string, texts: readonly string[], given = 0): number {
  let bytes = given;
  for (const [index, text] of texts.entries()) {
    const length = Buffer.byteLength(text) + 1;
    if (length > LONGEST_ARGUMENT)
      throw invalidArgument(`${field}[${index}]`, text, `Linux takes at most ${LONGEST_ARGUMENT - 1} bytes`);
    // Each has a pointer too.
    bytes += length + 8;
  }
  if (bytes > MOST_ARGUMENT_BYTES)
    throw invalidArgument(
      field,
      `${bytes} bytes`,
      `Linux takes at most ${MOST_ARGUMENT_BYTES} with all others`,
    );
  return bytes;
}
