import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { redirectLog } from "../log.ts";
import { type Incident, observe } from "../observation.ts";
import { ContainerEvents } from "./container-events.ts";

const never = new AbortController().signal;

async function read(events: AsyncIterable<Buffer>, count: number): Promise<string[]> {
  const found: string[] = [];
  for await (const event of events) if (found.push(String(event)) === count) break;
  return found;
}

function tell(events: ContainerEvents, ...texts: string[]): void {
  for (const text of texts) events.tell(Buffer.from(text));
}

test("every reader gets every event from its beginning; the first, those before as well", async () => {
  const events = new ContainerEvents();
  assert.ok(events.awaited);
  tell(events, "recovered");
  const first = events.read(never);
  tell(events, "a");
  const second = events.read(never);
  tell(events, "b");
  assert.deepEqual(await read(first, 3), ["recovered", "a", "b"]);
  assert.deepEqual(await read(second, 1), ["b"]);
});

test("nothing is awaited once the first reader has not come, or readers have gone", async () => {
  const events = new ContainerEvents({ patienceMs: 1 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(events.awaited, false);
  const controller = new AbortController();
  const reader = events.read(controller.signal);
  assert.ok(events.awaited);
  controller.abort(new Error("gone"));
  assert.equal(events.awaited, false);
  await assert.rejects(read(reader, 1), /gone/);
});

test("a slow reader is dropped, and others are not", async (t) => {
  const lines: string[] = [];
  t.after(redirectLog((line) => lines.push(line)));
  const incidents: Incident[] = [];
  t.after(observe({ incident: (incident) => void incidents.push(incident) }));
  const events = new ContainerEvents({ bounds: { count: 2, bytes: 1000 } });
  const [slow, quick] = [events.read(never), events.read(never)];
  tell(events, "1", "2");
  assert.deepEqual(await read(quick, 2), ["1", "2"]);
  tell(events, "3");
  assert.deepEqual(await read(quick, 1), ["3"]);
  await assert.rejects(read(slow, 1), { code: status.RESOURCE_EXHAUSTED });
  assert.match(lines.join(), /a reader of events is dropped/);
  assert.deepEqual(incidents, [{ kind: "events.dropped", attributes: { count: 3 } }]);
});

test("what is kept for a first reader is bounded too", async () => {
  const events = new ContainerEvents({ bounds: { count: 2, bytes: 1000 } });
  tell(events, "1", "2", "3");
  assert.equal(events.awaited, false);
  const first = events.read(never);
  tell(events, "4");
  assert.deepEqual(await read(first, 1), ["4"]);
});
