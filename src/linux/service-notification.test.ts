import assert from "node:assert/strict";
import { closeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { check, declare } from "./libc.ts";
import { notifyService } from "./service-notification.ts";
import { unixAddress } from "./unix-address.ts";

const socketCall = declare("int socket(int domain, int type, int protocol)");
const bindCall = declare("int bind(int fd, const void *address, unsigned int size)");
const recvCall = declare("long recv(int fd, void *data, size_t size, int flags)");
const AF_UNIX = 1;
const DATAGRAM_NONBLOCK = 2 | 0x800;

/** What arrives at a datagram socket with this address. */
function received(address: Buffer, send: () => void): string {
  const fd = check(socketCall(AF_UNIX, DATAGRAM_NONBLOCK, 0), "socket", "AF_UNIX");
  try {
    check(bindCall(fd, address, address.length), "bind", "a test's socket");
    send();
    const data = Buffer.alloc(256);
    return data.toString("utf8", 0, check(recvCall(fd, data, data.length, 0), "recv", "a test's socket"));
  } finally {
    closeSync(fd);
  }
}

test("a state goes to the socket as one datagram", async () => {
  const folder = await mkdtemp(join(tmpdir(), "critter-notify-"));
  const socket = join(folder, "notify");
  try {
    assert.equal(
      received(unixAddress(socket), () => notifyService(socket, "READY=1")),
      "READY=1",
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("an abstract socket is named with an @", () => {
  const name = `critter-notify-${process.pid}`;
  const address = unixAddress(`\0${name}`).subarray(0, -1);
  assert.equal(
    received(address, () => notifyService(`@${name}`, "STOPPING=1")),
    "STOPPING=1",
  );
});

test("without a socket nothing is sent; with one that nobody has it says so", () => {
  notifyService(undefined, "READY=1");
  notifyService("", "READY=1");
  assert.throws(() => notifyService("/nonexistent/notify", "READY=1"), { code: "ENOENT" });
});
