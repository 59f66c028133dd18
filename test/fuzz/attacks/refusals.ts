/** Requests that attack: each is INVALID_ARGUMENT that names the field and shows the value, and leaves nothing. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Trials } from "../../support/trials.ts";
import { afterwards } from "../afterwards.ts";
import type { FuzzBed } from "../bed.ts";
import { faultOf } from "../oracle.ts";
import { rpcNamed } from "../schema.ts";
import type { Sender } from "../sender.ts";
import { containerAttacks, containerRequest } from "./containers.ts";
import { otherAttacks } from "./others.ts";
import { podAttacks, podRequest } from "./pods.ts";

interface Attack {
  rpc: string;
  field: string;
  value: unknown;
  request: object;
}

function allAttacks(bed: FuzzBed): Attack[] {
  return [
    ...podAttacks.flatMap(([field, values, make]) =>
      values.map((value) => ({
        rpc: "RunPodSandbox",
        field,
        value,
        request: podRequest(bed, make(value as never)),
      })),
    ),
    ...containerAttacks.flatMap(([field, values, make]) =>
      values.map((value) => ({
        rpc: "CreateContainer",
        field,
        value,
        request: containerRequest(bed, make(value as never)),
      })),
    ),
    ...otherAttacks.flatMap(([rpc, field, values, make]) =>
      values.map((value) => ({ rpc, field, value, request: make(value as never, bed) })),
    ),
  ];
}

/** A refusal that takes longer is none: something holds the daemon up. */
const patienceMs = 60_000;

export async function tryRefusals(bed: FuzzBed, sender: Sender, trials: Trials): Promise<void> {
  await bed.renew();
  for (const { rpc: name, field, value, request } of allAttacks(bed)) {
    if (!trials.wants(name) && !trials.wants("attacks")) continue;
    await trials.try(`attacks by ${name}`, `${field}: ${JSON.stringify(value).slice(0, 100)}`, async () => {
      const rpc = rpcNamed(name);
      const outcome = await sender.send(rpc, rpc.encode(request), patienceMs);
      const { code, message } = outcome;
      if (code === "OK") await afterwards(sender, rpc, outcome);
      const isRight = code === "INVALID_ARGUMENT" && message.includes(field) && !faultOf(rpc, outcome);
      if (!isRight)
        throw new Error(`INVALID_ARGUMENT about ${field} was due, but it was ${code}: ${message}`);
    });
  }
  await trials.try("attacks", "nothing is left, nor made elsewhere", async () => {
    await bed.assertNothingLeft();
    for (const folder of ["/", tmpdir(), bed.daemon.folder, bed.logDirectory])
      for (const name of ["critter-fuzz-escaped", "x"])
        assert.ok(!existsSync(join(folder, name)), join(folder, name));
  });
}
