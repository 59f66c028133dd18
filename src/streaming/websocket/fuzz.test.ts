/** Connections that keep no rule, beside one that does: none may end the daemon, disturb the other or leave a socket. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { duplexPair, type Readable } from "node:stream";
import { after, before, describe, it } from "node:test";
import { Random } from "../../../test/support/random.ts";
import { redirectLog } from "../../log.ts";
import type { CommandSession, PortForwardSession } from "../session.ts";
import { shell, TestServer } from "./test-bed.test.ts";

const seed = Number(process.env.FUZZ_SEED ?? 20_261);
const connections = Number(process.env.FUZZ_CONNECTIONS ?? 400);
const atOnce = 8;

const subprotocols: [string, string | undefined][] = [
  ["/exec", "v5.channel.k8s.io"],
  ["/exec", "v4.channel.k8s.io"],
  ["/exec", "v4.base64.channel.k8s.io"],
  ["/exec", "channel.k8s.io"],
  ["/exec", "base64.channel.k8s.io"],
  ["/exec", undefined],
  ["/ports", "v4.channel.k8s.io"],
  ["/ports", "v4.base64.channel.k8s.io"],
  ["/ports", "SPDY/3.1+portforward.k8s.io"],
  ["/ports", undefined],
];

/** The same numbers in every run, for each connection its own. */
const randomOf = (connection: number) => new Random(seed * 65_536 + connection);

/** A client's frame; `length` is what it claims to have, `masked` whether it says it is. */
function frame(
  random: Random,
  opcode: number,
  payload: Buffer,
  claims: { length?: number; masked?: boolean; fin?: boolean } = {},
) {
  const { length = payload.length, masked = true, fin = true } = claims;
  const header = Buffer.alloc(10);
  header[0] = (fin ? 0x80 : 0) | opcode;
  header[1] = (masked ? 0x80 : 0) | 127;
  header.writeBigUInt64BE(BigInt(length), 2);
  const mask = random.bytes(4);
  const key = Buffer.concat([mask, Buffer.alloc(4 - mask.length)]);
  const body = Buffer.from(payload.map((byte, index) => byte ^ key[index & 3]!));
  return Buffer.concat([header, masked ? key : Buffer.alloc(0), masked ? body : payload]);
}

/** What the subprotocols understand, mostly. */
function message(random: Random): Buffer {
  const channel = random.pick([0, 0, 0, 1, 2, 3, 4, 4, 5, 0x30, 0x31, 0x34, 255, random.below(256)]);
  const data = random.pick([
    () => random.bytes(random.below(300)),
    () => Buffer.alloc(0),
    () => Buffer.from('{"Width":80,"Height":24}'),
    () => Buffer.from('{"Width":1e9,"Height":[null]}}{"'),
    () => Buffer.from(random.bytes(random.below(60)).toString("base64")),
    () => Buffer.from("Zm9v====Zg\n"),
    () => Buffer.of(random.below(6)),
    () =>
      Buffer.from([
        0x80,
        3,
        0,
        random.below(12),
        0,
        0,
        0,
        random.below(20),
        ...random.bytes(random.below(40)),
      ]),
    () => Buffer.alloc(200_000, random.below(256)),
  ])();
  return random.below(10) === 0 ? data : Buffer.concat([Buffer.of(channel), data]);
}

function mutated(random: Random, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let count = 1 + random.below(3); count > 0 && copy.length > 0; count--) {
    copy[random.below(Math.min(copy.length, 24))] = random.below(256);
  }
  return random.below(4) === 0 ? copy.subarray(0, random.below(copy.length + 1)) : copy;
}

function input(random: Random): Buffer {
  const opcode = random.pick([1, 2, 2, 2, 2, 2]);
  return random.pick([
    () => frame(random, opcode, message(random)),
    () => frame(random, opcode, message(random)),
    () => frame(random, opcode, message(random)),
    () =>
      Buffer.concat([frame(random, 2, message(random), { fin: false }), frame(random, 0, message(random))]),
    () => frame(random, random.below(16), message(random), { fin: random.below(3) > 0 }),
    () => frame(random, random.pick([8, 9, 10]), random.bytes(random.below(126))),
    () => frame(random, opcode, message(random), { masked: false }),
    () => frame(random, opcode, message(random), { length: random.pick([0, 2 ** 24, 2 ** 32, 2 ** 53 - 1]) }),
    () => mutated(random, frame(random, opcode, message(random))),
    () => mutated(random, frame(random, opcode, message(random))),
    () => random.bytes(random.below(200)),
  ])();
}

/** Echoes what it reads, and does not always read. */
function fuzzedCommand(random: Random): CommandSession {
  const reads = random.below(4) > 0;
  const ends = random.below(8) === 0;
  return shell("", {
    async run({ stdin, stdout, onResize }, signal) {
      onResize(() => {});
      if (reads) stdin!.pipe(stdout!, { end: false });
      if (ends) await once(stdin as Readable, "data", { signal }).catch(() => {});
      else if (!signal.aborted) await once(signal, "abort");
      return { exitCode: 3 };
    },
  });
}

function fuzzedPorts(random: Random): PortForwardSession {
  return {
    kind: "portforward",
    ports: [80, 443],
    pod: "fuzzed",
    async connect(port) {
      if (random.below(4) === 0) throw new Error(`port ${port} refuses`);
      const [ours, theirs] = duplexPair();
      theirs.on("error", () => {}).pipe(theirs);
      return ours;
    },
  };
}

describe(`fuzzing over WebSocket with seed ${seed}`, () => {
  let server: TestServer;
  const restoreLog = redirectLog(() => {});
  before(async () => {
    server = await TestServer.listen((url) => {
      if (url === "/bystander") return shell("cat");
      const random = randomOf(Number(url.split("?")[1]) + connections);
      return url.startsWith("/exec") ? fuzzedCommand(random) : fuzzedPorts(random);
    });
  });
  after(async () => {
    await server.close();
    restoreLog();
  });

  async function attack(index: number): Promise<void> {
    const random = randomOf(index);
    const [path, subprotocol] = random.pick(subprotocols);
    const offer = subprotocol === undefined ? "" : `Sec-WebSocket-Protocol: ${subprotocol}\r\n`;
    const socket = connect(server.port, "127.0.0.1").on("error", () => {});
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write(
      `GET ${path}?${index} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${offer}\r\n`,
    );
    const inputs = Array.from({ length: 1 + random.below(12) }, () => input(random));
    const rest = Buffer.concat(inputs);
    // Some come with the handshake, the rest after its answer.
    const early = random.below(4) === 0;
    if (early) socket.write(rest);
    await Promise.race([closed, once(socket, "readable")]);
    if (!early) socket.write(rest);
    if (random.below(3) > 0) socket.resume();
    await Promise.race([closed, wait(random.below(40))]);
    if (random.below(3) > 0) socket.destroy();
    else socket.resetAndDestroy();
    await closed;
  }

  it("ends only what it is done to", async () => {
    const bystander = await server.connect("v5.channel.k8s.io", "/bystander");
    let expected = "";
    for (let done = 0; done < connections; done += atOnce) {
      await Promise.all(Array.from({ length: atOnce }, (_, index) => attack(done + index)));
      expected += `${done}\n`;
      bystander.send(0, `${done}\n`);
      await bystander.until(() => bystander.text(1).length === expected.length);
    }
    assert.equal(bystander.text(1), expected);
    bystander.send(255, Buffer.of(0));
    assert.equal(await bystander.closed, 1000);
    assert.equal((await Promise.all(server.served)).length, connections + 1);
    while (server.sockets.size > 0) await wait(5);
  });
});

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
