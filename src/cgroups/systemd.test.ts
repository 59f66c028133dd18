/** The D-Bus client against Debian's dbus-daemon, on which a service of the test's stands in for systemd. */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { DbusConnection } from "../linux/dbus.ts";
import type { DbusMessage } from "../linux/dbus-message.ts";
import { DbusSocket } from "../linux/dbus-socket.ts";
import type { DbusValue } from "../linux/dbus-values.ts";
import { Systemd, type UnitProperty } from "./systemd.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-dbus-"));
const path = join(folder, "bus");
const name = "org.freedesktop.systemd1";
let bus: ChildProcess;
let service: DbusSocket;
/** What the service was asked, and does. */
const calls: DbusMessage[] = [];
let onCall: (call: DbusMessage) => void = () => {};

before(async () => {
  bus = await startBus();
  service = await DbusSocket.open(path);
  const named = new Promise<void>((resolve) => {
    service.onMessage = (message) => {
      if (message.type === "return" && message.replySerial === 2) resolve();
      if (message.type !== "call") return;
      calls.push(message);
      onCall(message);
    };
  });
  const to = {
    destination: "org.freedesktop.DBus",
    path: "/org/freedesktop/DBus",
    interface: "org.freedesktop.DBus",
  };
  service.send({ type: "call", serial: 1, ...to, member: "Hello", body: [] });
  service.send({ type: "call", serial: 2, ...to, member: "RequestName", signature: "su", body: [name, 0] });
  await named;
});

after(async () => {
  service.close();
  const gone = once(bus, "exit");
  bus.kill();
  await gone;
  rmSync(folder, { recursive: true });
});

async function startBus(): Promise<ChildProcess> {
  const config = join(folder, "bus.conf");
  writeFileSync(
    config,
    `<busconfig><type>custom</type><listen>unix:path=${path}</listen><auth>EXTERNAL</auth>
    <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/><allow user="*"/></policy></busconfig>`,
  );
  const child = spawn("dbus-daemon", [`--config-file=${config}`, "--nofork", "--print-address"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout!, "data");
  return child;
}

let serial = 100;

function reply(call: DbusMessage, signature: string, body: DbusValue[]): void {
  service.send({
    type: "return",
    serial: ++serial,
    replySerial: call.serial,
    destination: call.sender!,
    signature,
    body,
  });
}

function jobRemoved(job: string, result: string): void {
  const from = { path: "/org/freedesktop/systemd1", interface: `${name}.Manager` };
  const body = [1, job, "x.scope", result];
  service.send({ type: "signal", serial: ++serial, ...from, member: "JobRemoved", signature: "uoss", body });
}

/** Does as systemd: a job, and later its result; or the result before the job is known. */
function behave(result: string, order: "reply first" | "signal first"): void {
  onCall = (call) => {
    if (call.member === "Subscribe") return reply(call, "", []);
    const job = `/org/freedesktop/systemd1/job/${call.serial}`;
    if (order === "signal first") jobRemoved(job, result);
    reply(call, "o", [job]);
    if (order === "reply first") jobRemoved(job, result);
  };
}

const scope = { name: "critter-conmon-1.scope", slice: "system.slice", description: "a monitor", pid: 4711 };

test("a scope is asked for with its process, and waited for, whichever way the answers come", async () => {
  const systemd = new Systemd([
    { path: join(folder, "absent"), bus: true },
    { path, bus: true },
  ]);
  for (const order of ["reply first", "signal first"] as const) {
    behave("done", order);
    calls.length = 0;
    await systemd.startScope(scope);
    const call = calls.at(-1)!;
    assert.equal(call.member, "StartTransientUnit");
    const [unit, mode, properties, auxiliary] = call.body as [
      string,
      string,
      [string, { value: DbusValue }][],
      [],
    ];
    assert.deepEqual([unit, mode, auxiliary], [scope.name, "fail", []]);
    const values = Object.fromEntries(properties.map(([property, { value }]) => [property, value]));
    assert.partialDeepStrictEqual(values, { Slice: "system.slice", PIDs: [4711], KillSignal: 13 });
  }
  await systemd.close();
});

test("a job that fails and a refusal are errors, and the next scope is made all the same", async () => {
  const systemd = new Systemd([{ path, bus: true }]);
  behave("failed", "reply first");
  await assert.rejects(systemd.startScope(scope), /cannot start critter-conmon-1\.scope: its job is failed/);
  onCall = (call) => {
    const errorName = `${name}.UnitExists`;
    const answer = { serial: ++serial, replySerial: call.serial, destination: call.sender!, errorName };
    service.send({ type: "error", ...answer, signature: "s", body: ["it exists"] });
  };
  await assert.rejects(systemd.startScope(scope), { errorName: `${name}.UnitExists`, message: "it exists" });
  behave("done", "reply first");
  await systemd.startScope(scope);
  await systemd.close();
});

test("a slice is limited whether it is there or not, and stopped; one that is not there is no error", async () => {
  const systemd = new Systemd([{ path, bus: true }]);
  const limits: UnitProperty[] = [["MemoryMax", { signature: "t", value: 5n }]];
  behave("done", "reply first");
  calls.length = 0;
  await systemd.limitSlice("pod.slice", limits);
  assert.deepEqual(calls.at(-1)!.body, ["pod.slice", "fail", limits, []]);
  await systemd.stopSlice("pod.slice");
  assert.deepEqual([calls.at(-1)!.member, ...calls.at(-1)!.body], ["StopUnit", "pod.slice", "replace"]);
  const refuse = (call: DbusMessage, error: string) => {
    const answer = { serial: ++serial, replySerial: call.serial, destination: call.sender! };
    service.send({ type: "error", ...answer, errorName: `${name}.${error}`, signature: "s", body: [error] });
  };
  onCall = (call) => {
    if (call.member === "SetUnitProperties") reply(call, "", []);
    else refuse(call, call.member === "StopUnit" ? "NoSuchUnit" : "UnitExists");
  };
  await systemd.limitSlice("pod.slice", limits);
  assert.deepEqual(
    [calls.at(-1)!.member, ...calls.at(-1)!.body],
    ["SetUnitProperties", "pod.slice", true, limits],
  );
  await systemd.stopSlice("pod.slice");
  await systemd.close();
});

test("where there is no systemd, that is the error; a lost connection is made anew", async () => {
  await assert.rejects(
    new Systemd([{ path: join(folder, "absent"), bus: false }]).startScope(scope),
    /systemd cannot be reached: .*ENOENT/,
  );
  const systemd = new Systemd([{ path, bus: true }]);
  behave("done", "reply first");
  await systemd.startScope(scope);
  const lost = calls.at(-1)!.sender!;
  // As when dbus-daemon is started anew: the connection ends under a call.
  onCall = (call) => {
    if (call.member === "StartTransientUnit") void disconnect();
  };
  async function disconnect(): Promise<void> {
    await systemd.close();
  }
  await assert.rejects(systemd.startScope(scope), /connection was closed/);
  behave("done", "reply first");
  await systemd.startScope(scope);
  assert.notEqual(calls.at(-1)!.sender, lost);
  await systemd.close();
});

test("the bus itself and systemd's busctl understand the messages, and are understood", async () => {
  const connection = await DbusConnection.open({ path, bus: true });
  const [names] = await connection.callBus("ListNames");
  assert.ok((names as string[]).includes(name));
  await assert.rejects(connection.callBus("GetNameOwner", "s", ["no.such.name"]), {
    errorName: "org.freedesktop.DBus.Error.NameHasNoOwner",
  });
  connection.close();
  onCall = (call) => reply(call, "oa(sv)", ["/job", [["PIDs", { signature: "au", value: [1, 2] }]]]);
  const call = ["call", name, "/org/x", "a.B", "C", "sa(sv)t", "unit", "1", "Slice", "s", "a.slice", "77"];
  const { stdout } = await promisify(execFile)("busctl", [`--address=unix:path=${path}`, ...call]);
  assert.equal(stdout, 'oa(sv) "/job" 1 "PIDs" au 2 1 2\n');
  assert.deepEqual(calls.at(-1)!.body, ["unit", [["Slice", { signature: "s", value: "a.slice" }]], 77n]);
});
