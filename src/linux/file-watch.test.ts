import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { FileWatch } from "./file-watch.ts";

const root = mkdtempSync(join(tmpdir(), "critter-file-watch-"));
after(() => rmSync(root, { recursive: true }));

/** Resolves once `file` is seen to contain `text`. */
function sees(file: string, text: string): { seen: Promise<void>; watch: FileWatch } {
  const { promise: seen, resolve } = Promise.withResolvers<void>();
  const watch: FileWatch = new FileWatch([file], () => {
    if (readFileSync(file, "utf8") === text) resolve();
  });
  return { seen, watch };
}

describe("FileWatch", { timeout: 20_000 }, () => {
  // Watches do not keep a process running, and nothing else here does.
  const alive = setInterval(() => {}, 1000);
  after(() => clearInterval(alive));

  it("sees a file written anew and one renamed over it", async () => {
    const file = join(root, "plain");
    writeFileSync(file, "old");
    const first = sees(file, "new");
    writeFileSync(file, "new");
    await first.seen;
    first.watch.close();
    const second = sees(file, "newer");
    writeFileSync(`${file}.tmp`, "newer");
    renameSync(`${file}.tmp`, file);
    await second.seen;
    second.watch.close();
  });

  it("sees the swaps of a secret's mount, one after the other", async () => {
    const mount = join(root, "mount");
    const swap = (generation: string) => {
      mkdirSync(join(mount, `..${generation}`), { recursive: true });
      writeFileSync(join(mount, `..${generation}`, "tls.crt"), generation);
      symlinkSync(`..${generation}`, join(mount, "..data_tmp"));
      renameSync(join(mount, "..data_tmp"), join(mount, "..data"));
    };
    swap("1");
    symlinkSync("..data/tls.crt", join(mount, "tls.crt"));
    for (const generation of ["2", "3"]) {
      const { seen, watch } = sees(join(mount, "tls.crt"), generation);
      swap(generation);
      await seen;
      watch.close();
    }
  });

  it("sees a link to the folder change, and then what is in the new one", async () => {
    for (const name of ["a", "b"]) {
      mkdirSync(join(root, name));
      writeFileSync(join(root, name, "key"), name);
    }
    symlinkSync(join(root, "a"), join(root, "current"));
    const file = join(root, "current", "key");
    const contents: string[] = [];
    let notify = () => {};
    const watch = new FileWatch([file], () => {
      contents.push(readFileSync(file, "utf8"));
      notify();
    });
    const next = (text: string) =>
      new Promise<void>((resolve) => {
        notify = () => contents.includes(text) && resolve();
      });
    const swapped = next("b");
    symlinkSync(join(root, "b"), join(root, "next"));
    renameSync(join(root, "next"), join(root, "current"));
    await swapped;
    const written = next("b, renewed");
    writeFileSync(join(root, "b", "key"), "b, renewed");
    await written;
    watch.close();
  });
});
