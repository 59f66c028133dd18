import assert from "node:assert/strict";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { DescriptorListener } from "./descriptor-listener.ts";
import { check, declare } from "./libc.ts";
import { unixAddress } from "./unix-address.ts";

const socketCall = declare("int socket(int domain, int type, int protocol)");
const connectCall = declare("int connect(int fd, const void *address, unsigned int size)");
const sendmsg = declare("long sendmsg(int fd, const msghdr *message, int flags)");

const root = mkdtempSync(join(tmpdir(), "critter-descriptors-"));
after(() => rmSync(root, { recursive: true }));
const openFiles = () => readdirSync("/proc/self/fd").length;

/** Sends a word to the socket at `path`, and `descriptor` with it. */
function send(path: string, descriptor?: number): void {
  const socket = check(socketCall(1, 1, 0), "socket", "");
  const address = unixAddress(path);
  check(connectCall(socket, address, address.length), "connect", path);
  const control = Buffer.alloc(24);
  control.writeUInt32LE(20, 0);
  control.writeUInt32LE(1, 8);
  control.writeUInt32LE(1, 12);
  control.writeInt32LE(descriptor ?? 0, 16);
  const message = {
    name: null,
    nameLength: 0,
    vectors: [{ base: Buffer.from("word"), length: 4 }],
    vectorCount: 1,
    control: descriptor === undefined ? null : control,
    controlLength: descriptor === undefined ? 0 : control.length,
    flags: 0,
  };
  check(Number(sendmsg(socket, message, 0)), "sendmsg", path);
  closeSync(socket);
}

test("a descriptor that was sent is ours, also by way of a long path", () => {
  const folder = join(root, "long".repeat(50));
  mkdirSync(folder);
  writeFileSync(join(root, "file"), "through the descriptor");
  const before = openFiles();
  const listener = new DescriptorListener(folder, "socket");
  const own = openSync(join(root, "file"), "r");
  send(listener.path, own);
  closeSync(own);
  const descriptor = listener.take();
  listener.close();
  assert.equal(readFileSync(descriptor, "utf8"), "through the descriptor");
  closeSync(descriptor);
  assert.deepEqual(readdirSync(folder), []);
  assert.equal(openFiles(), before);
});

test("nothing sent is an error, and leaves nothing", () => {
  const before = openFiles();
  const listener = new DescriptorListener(root, "socket");
  assert.throws(() => listener.take(), { code: "EAGAIN" });
  send(listener.path);
  assert.throws(() => listener.take(), /no descriptor was sent to .*socket/);
  listener.close();
  assert.throws(() => listener.take(), /is closed/);
  assert.equal(openFiles(), before);
  assert.throws(() => new DescriptorListener(join(root, "none"), "socket"), { code: "ENOENT" });
});
