import assert from "node:assert/strict";
import { test } from "node:test";
import { networkUsage, parseNetDev } from "./network.ts";

const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 7495830705  262919    0    0    0     0          0         0 7495830705  262919    0    0    0     0       0          0
eth0.1:9223372036854775900      20    3    4    5     6          7        20     1724      14   11   12   13    14      15         16
`;

test("the counters of each interface, as many digits as there are", () => {
  assert.deepEqual(parseNetDev(text)[1], {
    name: "eth0.1",
    received: { bytes: "9223372036854775900", packets: "20", errors: "3", dropped: "4" },
    transmitted: { bytes: "1724", packets: "14", errors: "11", dropped: "12" },
  });
  assert.deepEqual(
    parseNetDev(text).map(({ name }) => name),
    ["lo", "eth0.1"],
  );
});

test("a process that is gone has no network", () => {
  assert.equal(networkUsage(2 ** 22 + 1, "1"), null);
});

test("lo is nobody's traffic", () => {
  const usage = networkUsage(process.pid, "1");
  const names = [usage?.defaultInterface, ...(usage?.interfaces ?? [])].map((one) => one?.name);
  assert.ok(!names.includes("lo"));
});
