import assert from "node:assert/strict";
import { test } from "node:test";
import { serviceManager } from "./service-manager.ts";

const socket = "/nonexistent/notify";

test("the watchdog's interval is systemd's, in milliseconds, and nothing of it stays in the environment", () => {
  const environment = {
    NOTIFY_SOCKET: socket,
    WATCHDOG_USEC: "60000000",
    WATCHDOG_PID: `${process.pid}`,
    A: "1",
  };
  assert.equal(serviceManager(environment).watchdogMs, 60_000);
  assert.deepEqual(environment, { A: "1" });
});

test("a watchdog of another process, or of nobody, is none", () => {
  assert.equal(
    serviceManager({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: "1000", WATCHDOG_PID: "1" }).watchdogMs,
    0,
  );
  assert.equal(serviceManager({ WATCHDOG_USEC: "1000" }).watchdogMs, 0);
  assert.equal(serviceManager({ NOTIFY_SOCKET: socket }).watchdogMs, 0);
});
