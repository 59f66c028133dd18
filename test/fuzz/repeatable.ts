/** A message as it is printed, so that it can be sent again alone: to a pod and a container with other ids. */
import type { FuzzBed } from "./bed.ts";

/** Stand for the ids of the living pod and container; as long as these, so that no length changes. */
const placeholders = { podSandboxId: "P".repeat(64), containerId: "C".repeat(64) } as const;

export type Ids = Pick<FuzzBed, keyof typeof placeholders>;

/** As base64, with placeholders. */
export function printable(bytes: Buffer, ids: Ids): string {
  return exchanged(bytes, (name) => [ids[name], placeholders[name]]).toString("base64");
}

/** What `printable` gave, for the ids of now. */
export function again(base64: string, ids: Ids): Buffer {
  return exchanged(Buffer.from(base64, "base64"), (name) => [placeholders[name], ids[name]]);
}

type Name = keyof typeof placeholders;

function exchanged(bytes: Buffer, pair: (name: Name) => [from: string, to: string]): Buffer {
  // latin1 keeps every byte as it is.
  let text = bytes.toString("latin1");
  for (const name of Object.keys(placeholders) as Name[]) text = text.replaceAll(...pair(name));
  return Buffer.from(text, "latin1");
}
