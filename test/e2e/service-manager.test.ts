import assert from "node:assert/strict";
import { readFileSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { critter } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { NotifySocket } from "../support/notify-socket.ts";
import { suite } from "../support/suite.ts";

let manager: NotifySocket;
const parts = suite({ launcher });
after(() => manager?.[Symbol.dispose]());

/** As systemd starts it, with a watchdog of a fifth of a second. */
function launcher(folder: string): [command: string, ...args: string[]] {
  manager = new NotifySocket(join(folder, "notify"));
  return ["env", `NOTIFY_SOCKET=${manager.path}`, "WATCHDOG_USEC=200000", critter];
}

const signs = () => manager.states.filter((state) => state === "WATCHDOG=1").length;

test("systemd is told that the daemon serves, then again and again that it lives", async () => {
  assert.equal(manager.states[0], "READY=1");
  const before = signs();
  await eventually(() => assert.ok(signs() > before + 2));
});

test("containers know nothing of it", async () => {
  await using pod = await livePod(parts.daemon);
  assert.doesNotMatch(await pod.sh(await pod.run(), "env"), /NOTIFY_SOCKET|WATCHDOG/);
});

test("a daemon whose socket was deleted gives no sign of life; a stop is told", async () => {
  const { daemon } = parts;
  unlinkSync(daemon.socket);
  const complaints = () =>
    readFileSync(join(daemon.folder, "critter.log"), "utf8").split("the socket is gone").length - 1;
  await eventually(() => assert.ok(complaints() > 0));
  const before = signs();
  await eventually(() => assert.ok(complaints() > 3));
  assert.equal(signs(), before);
  await daemon.stop();
  assert.equal(manager.states.at(-1), "STOPPING=1");
  await daemon.start();
});
