import assert from "node:assert/strict";
import { appendFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import { pushImage } from "../images/push.ts";
import { rawImage } from "../images/raw-image.ts";
import { rawTar } from "../images/raw-tar.ts";
import { type Answer, type Fault, startFaultyProxy } from "../registry/faulty-proxy.ts";
import { Registry } from "../registry/registry.ts";
import { eventually } from "../support/eventually.ts";
import { suite } from "../support/suite.ts";

const LAYER_BYTES = 5_000_000;

type Source = Awaited<ReturnType<typeof startFaultyProxy>>;

interface Trial {
  /** What the registry's sources do, mirrors first; the last is the registry itself. */
  faults: Fault[];
  /** The error; without it the pull succeeds. */
  error?: { code: status; message: RegExp };
  /** What the sources were asked. */
  asked?: (sources: Source[]) => void;
}

const none: Fault = () => false;
const isManifest = ({ path }: Answer) => path.includes("/manifests/");
const isLayer = ({ body, headers }: Answer) => body.length > 1_000_000 || "content-range" in headers;
const when =
  (matches: (answer: Answer) => boolean, fault: Fault): Fault =>
  (answer, response) =>
    matches(answer) && fault(answer, response);
/** Only the first so many times. */
const times = (count: number, fault: Fault): Fault => {
  let left = count;
  return (answer, response) => left-- > 0 && fault(answer, response);
};

const hang: Fault = () => true;
const reset: Fault = (_answer, response) => {
  response.destroy();
  return true;
};
const refuse =
  (code: number, headers: () => Record<string, string> = () => ({})): Fault =>
  (_answer, response) => {
    response.writeHead(code, headers()).end();
    return true;
  };
/** So much of what was promised, and then what `end` does. */
const part =
  (bytes: number, end: (answer: Answer, destroy: () => void) => void): Fault =>
  (answer, response) => {
    response.writeHead(answer.status, answer.headers);
    response.write(answer.body.subarray(0, bytes), () => end(answer, () => response.destroy()));
    return true;
  };
const HALF = LAYER_BYTES / 2;
const half = part(HALF, (_answer, destroy) => destroy());
/** The same with wrong bytes in it. */
const spoiltHalf: Fault = (answer, response) =>
  half({ ...answer, body: Buffer.alloc(answer.body.length, "x") }, response);
/** A body of another length than the descriptor's, told or not. */
const otherLength =
  (change: (body: Buffer) => Buffer, told: boolean): Fault =>
  ({ body, headers: { "content-length": _, ...headers } }, response) => {
    const changed = change(body);
    response.writeHead(200, { ...headers, ...(told && { "content-length": changed.length }) }).end(changed);
    return true;
  };
/** As many bytes, but one of them is another. */
const otherBytes: Fault = ({ status: code, headers, body }, response) => {
  const spoilt = Buffer.from(body);
  spoilt[spoilt.length >> 1]! ^= 0x55;
  response.writeHead(code, headers).end(spoilt);
  return true;
};
const longer = (body: Buffer) => Buffer.concat([body, Buffer.alloc(1000)]);
const shorter = (body: Buffer) => body.subarray(0, -1000);

/** That the last source was asked for the rest of a layer. */
const resumedAt = (bytes: number) => (sources: Source[]) =>
  assert.ok(
    sources.at(-1)!.asked.some(({ range }) => Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1]) >= bytes / 2),
    "the layer was not taken up where it broke",
  );
const askedAll = (sources: Source[]) => {
  for (const { asked } of sources) assert.ok(asked.length > 0);
};
const layersAsked = (sources: Source[]) =>
  sources.map(({ asked }) => asked.filter(({ path }) => path.includes("/blobs/")).length);
const inSeconds = (seconds: number) => ({
  "retry-after": new Date(Date.now() + seconds * 1000).toUTCString(),
});

const trials: Record<string, Trial> = {
  "hangs before it answers": {
    faults: [hang],
    error: { code: status.UNKNOWN, message: /^RegistryUnavailable: .*no data for 30 s/ },
  },
  "hangs before it answers, but the next does not": { faults: [hang, none], asked: askedAll },
  "hangs in the middle of a layer, but the next does not": {
    faults: [
      when(
        isLayer,
        part(HALF, () => {}),
      ),
      none,
    ],
    asked: resumedAt(HALF),
  },
  "resets connections": {
    faults: [reset],
    error: { code: status.UNKNOWN, message: /^RegistryUnavailable: .*(ECONNRESET|socket hang up)/ },
  },
  "resets the first connections": { faults: [times(2, reset)] },
  "resets connections, but the next does not": { faults: [reset, none], asked: askedAll },
  "sends half a layer": { faults: [when(isLayer, times(1, half))], asked: resumedAt(HALF) },
  "sends half a layer, and then nothing of it": {
    faults: [
      when(isLayer, (answer, response) =>
        (answer.range ? part(0, (_, destroy) => destroy()) : half)(answer, response),
      ),
    ],
    error: {
      code: status.UNAVAILABLE,
      message: /layer sha256:\w+: blob sha256:\w+ breaks off at byte \d+ of 50\d+/,
    },
  },
  "sends half a layer each time, but the next does not": {
    faults: [
      when(
        isLayer,
        part(1000, (_, destroy) => destroy()),
      ),
      none,
    ],
    asked: askedAll,
  },
  "asks for a second's patience": {
    faults: [
      times(
        1,
        refuse(429, () => ({ "retry-after": "1" })),
      ),
    ],
  },
  "asks for patience until a date": {
    faults: [
      when(
        isLayer,
        times(
          1,
          refuse(503, () => inSeconds(1)),
        ),
      ),
    ],
  },
  "answers 429 for ever": {
    faults: [refuse(429)],
    error: { code: status.UNAVAILABLE, message: /answered 429/ },
  },
  "answers 500 for a layer": {
    faults: [when(isLayer, refuse(500))],
    error: {
      code: status.UNAVAILABLE,
      message: /cannot pull blob sha256:\w+ of fault\d+.test\/app:1: .*answered 500/,
    },
  },
  "answers 500 for a layer, but the next does not": {
    faults: [when(isLayer, refuse(500)), none],
    asked: askedAll,
  },
  "says that a layer is longer": {
    faults: [when(isLayer, otherLength(longer, true))],
    error: {
      code: status.DATA_LOSS,
      message: /it offers 50\d+ bytes of blob sha256:\w+, not 50\d+ bytes from 0/,
    },
  },
  "says that a layer is shorter, but the next does not": {
    faults: [when(isLayer, otherLength(shorter, true)), none],
    asked: askedAll,
  },
  "sends more of a layer than there is": {
    faults: [when(isLayer, otherLength(longer, false))],
    error: { code: status.DATA_LOSS, message: /blob sha256:\w+ has more than its 50\d+ bytes/ },
  },
  "sends less of a layer than there is": {
    faults: [when(isLayer, times(1, otherLength(shorter, false)))],
    asked: resumedAt(LAYER_BYTES),
  },
  "sends other bytes of a layer": {
    faults: [when(isLayer, otherBytes)],
    error: { code: status.DATA_LOSS, message: /what the registry sent has the digest sha256:\w+$/ },
  },
  "sends other bytes of a layer, as the next does": {
    faults: [when(isLayer, otherBytes), when(isLayer, otherBytes)],
    error: { code: status.DATA_LOSS, message: /what the registry sent has the digest sha256:\w+$/ },
  },
  "sends other bytes of a layer, but the next does not": {
    faults: [when(isLayer, otherBytes), none, none],
    // The configuration and the layer, the layer, nothing.
    asked: (sources) => assert.deepEqual(layersAsked(sources), [2, 1, 0]),
  },
  "sends other bytes of a layer, and nobody else is there": {
    faults: [when(isLayer, otherBytes), refuse(404)],
    error: {
      code: status.NOT_FOUND,
      message: /cannot pull blob .*what the registry sent has the digest .*404/,
    },
  },
  "sends half a layer of other bytes, and the next the rest": {
    faults: [when(isLayer, spoiltHalf), none],
    asked: (sources) => assert.deepEqual(layersAsked(sources), [2, 2]),
  },
  "sends a manifest of another length": {
    faults: [when(isManifest, otherLength(shorter, true))],
    error: { code: status.DATA_LOSS, message: /its manifest has the digest sha256/ },
  },
  "goes away in the middle of a layer": {
    faults: [
      when(
        isLayer,
        part(HALF, ({ goAway }) => goAway()),
      ),
    ],
    error: {
      code: status.UNKNOWN,
      message: /^RegistryUnavailable: cannot pull blob sha256:\w+ of fault.*ECONNREFUSED/,
    },
  },
  "goes away in the middle of a layer, but the next does not": {
    faults: [
      when(
        isLayer,
        part(HALF, ({ goAway }) => goAway()),
      ),
      none,
    ],
    asked: resumedAt(HALF),
  },
};

const parts = suite();
let registry: Registry;
let layers: string[];

const overlay = () => readdirSync(join(parts.daemon.folder, "root", "storage", "overlay")).sort();

before(async () => {
  registry = await Registry.start();
});

after(async () => {
  await registry?.stop();
});

/** An image of its own for each trial: no layer of it is here. */
async function push(name: string): Promise<void> {
  const content = Buffer.alloc(LAYER_BYTES, `${name}\n`);
  const layer = rawTar([{ name: "large", content }]);
  await pushImage(
    registry.address,
    `${name}/app`,
    "1",
    rawImage({ layers: [layer], compress: (bytes) => bytes }),
  );
}

function addRegistry(name: string, sources: Source[]): void {
  const text = ({ address }: Source) => `location = "${address}/${name}"\ninsecure = true\n`;
  const mirrors = sources.slice(0, -1).map((source) => `[[registry.mirror]]\n${text(source)}`);
  const table = `\n[[registry]]\nprefix = "${name}.test"\n${text(sources.at(-1)!)}${mirrors.join("")}`;
  appendFileSync(join(parts.daemon.folder, "registries.conf"), table);
}

describe("a registry that", { concurrency: true }, () => {
  before(() => {
    layers = overlay();
  });

  for (const [index, [what, { faults, error, asked }]] of Object.entries(trials).entries()) {
    it(what, async () => {
      const name = `fault${index}`;
      await push(name);
      const sources = await Promise.all(faults.map((fault) => startFaultyProxy(registry.address, fault)));
      const spec = { image: { image: `${name}.test/app:1` } };
      const { image } = parts.daemon.client;
      try {
        addRegistry(name, sources);
        const pulled = image.PullImage(spec, { timeout: 120_000 });
        if (error) await assert.rejects(pulled, error);
        else await pulled;
        assert.equal((await image.ImageStatus(spec)).image === null, error !== undefined);
        asked?.(sources);
      } finally {
        await image.RemoveImage(spec);
        for (const source of sources) await source[Symbol.asyncDispose]();
      }
    });
  }

  after(async () => {
    await eventually(async () => assert.deepEqual(overlay(), layers), 30);
  });
});
