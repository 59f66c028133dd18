/** Pulls of images that mean harm or are broken, by a daemon that must be left as it was, on a machine that must be too. */
import assert from "node:assert/strict";
import { appendFileSync, lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { type ServedImage, serveImages } from "../registry/image-server.ts";
import type { ScriptedServer } from "../registry/scripted-server.ts";
import { eventually } from "./eventually.ts";
import { countResources } from "./resources.ts";
import type { Suite } from "./suite.ts";

export interface Trial {
  name: string;
  image: ServedImage;
  /** What the refusal says; an image without it is unpacked, and removed again. */
  refused?: RegExp;
}

export interface Trials {
  /** A folder outside everything that is the daemon's, with a file `secret`: nothing may touch it. */
  outside: string;
  /** Pulls the image; fails unless the outcome is the trial's and nothing is left in the end. */
  run(trial: Trial): Promise<void>;
}

/** Where the daemon finds the images of the trials. */
const REGISTRY = "hostile.test";

/** Registers the hooks of a file; what it answers is filled before the first test. */
export function trials(parts: Suite): Trials {
  const images = new Map<string, ServedImage>();
  const outside = mkdtempSync(join(tmpdir(), "critter-outside-"));
  writeFileSync(join(outside, "secret"), "untouched");
  let server: ScriptedServer | undefined;
  // Hooks of one file do not wait for each other: the first trial finds the daemon there.
  const serve = async () => {
    server = await serveImages(images);
    const table = `\n[[registry]]\nprefix = "${REGISTRY}"\nlocation = "${server.address}"\ninsecure = true\n`;
    appendFileSync(join(parts.daemon.folder, "registries.conf"), table);
  };
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    rmSync(outside, { recursive: true });
  });
  const run = async ({ name, image, refused }: Trial) => {
    if (!server) await serve();
    const before = [treeOf(outside), await stateOf(parts)];
    images.set(name, image);
    const reference = `${REGISTRY}/${name}:latest`;
    const { image: service } = parts.daemon.client;
    const pulled = service.PullImage({ image: { image: reference } }, { timeout: 120_000 });
    if (refused) {
      await assert.rejects(pulled, (error: Error) => {
        assert.match(error.message, refused, name);
        assert.ok(
          error.message.includes(`${REGISTRY}/${name}`),
          `it does not name the image: ${error.message}`,
        );
        return true;
      });
    } else await pulled;
    assert.equal((await service.ImageStatus({ image: { image: reference } })).image === null, !!refused);
    await service.RemoveImage({ image: { image: reference } });
    await eventually(async () => assert.deepEqual([treeOf(outside), await stateOf(parts)], before), 30);
  };
  return { outside, run };
}

/** Everything in a folder, as far as a change could show. */
function treeOf(folder: string): string[] {
  return ["", ...(readdirSync(folder, { recursive: true }) as string[])].map((name) => {
    const { mode, uid, gid, nlink, size, mtimeMs, ctimeMs } = lstatSync(join(folder, name));
    return [name, mode, uid, gid, nlink, size, mtimeMs, ctimeMs].join(" ");
  });
}

/** What the daemon holds: of the machine, of its own storage, and by its own account. */
async function stateOf({ daemon }: Suite): Promise<unknown> {
  const storage = join(daemon.folder, "root", "storage");
  const names = ["", "overlay", "blobs/sha256"].map((folder) => readdirSync(join(storage, folder)).sort());
  const [used] = (await daemon.client.image.ImageFsInfo({})).imageFilesystems;
  return [await countResources(daemon), names, used?.usedBytes?.value, used?.inodesUsed?.value];
}
