/** What the attacks on the socket are made of. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../support/random.ts";
import { callHeaders, hpack, opening } from "./frames.ts";
import type { RawConnection } from "./raw-connection.ts";

export interface AttackTools {
  random: Random;
  /** How much of it: 1 in the short form. */
  scale: number;
  /** A connection that is closed after the attack. */
  open: (reads?: boolean) => Promise<RawConnection>;
}

export type Attack = (tools: AttackTools) => Promise<unknown>;

/** The daemon shall see all of it before the client has gone. */
export const moment = () => sleep(50);

/** Opens a connection, sends the opening and `parts`, and stays for a moment. */
export async function say({ open }: AttackTools, ...parts: Buffer[]): Promise<RawConnection> {
  const connection = await open();
  await connection.send(opening(), ...parts);
  await moment();
  return connection;
}

export const repeated = (count: number, part: (at: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, at) => part(at)));
/** Of a call whose answer is long. */
export const longAnswer = hpack(callHeaders("/runtime.v1.RuntimeService/ListMetricDescriptors"));
/** Clients' streams have odd numbers. */
export const streamAt = (at: number) => 2 * at + 1;
