// npm run test:install: critter packed, installed by npm without a registry, upgraded below a running pod, and removed.
// By Node's test runner, but not among the end-to-end tests: to pack and to install Node.js twice takes a minute and more.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { BUSYBOX } from "../support/configs.ts";
import { startDaemon } from "../support/daemon.ts";
import { livePod } from "../support/live-pod.ts";
import { containerStatus, removePod } from "../support/pods.ts";
import { copyCheckout, packCritter } from "./pack.ts";

const run = promisify(execFile);
const NEXT = "99.0.0";

describe("critter as npm installs it", () => {
  let folder: string;
  let file: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "critter-npm-"));
    const copy = join(folder, "copy");
    await copyCheckout(copy);
    file = await packCritter(copy, folder);
    await rm(copy, { recursive: true });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const prefix = () => join(folder, "prefix");
  const home = () => join(prefix(), "lib/node_modules/critter");
  const critter = () => join(prefix(), "bin/critter");

  /** As an operator does it, but to a folder of its own and with no registry that would answer. */
  function npm(command: "install" | "uninstall", what: string): Promise<unknown> {
    const places = ["--prefix", prefix(), "--cache", join(folder, "cache")];
    return run("npm", [command, "--global", ...places, "--registry", "http://127.0.0.1:9/", what]);
  }

  it("the file has what runs, what an operator needs, and no more", async () => {
    const { stdout } = await run("tar", ["--list", "--gzip", "--file", file], {
      maxBuffer: 16 * 1024 * 1024,
    });
    const names = stdout.trimEnd().split("\n");
    const own = names.filter((name) => !name.startsWith("package/node_modules/"));
    const parts = new Set(own.map((name) => name.split("/")[1]));
    const wanted = ["bin", "dist", "docs", "libexec", "packaging", "proto", "LICENSE", "README.md"];
    assert.deepEqual(parts, new Set([...wanted, "crio.conf.example", "package.json"]));
    assert.deepEqual(
      own.filter((name) => /\.test\.|\.ts$/.test(name)),
      [],
    );
    for (const developers of ["typescript", "@biomejs", "node"]) {
      assert.ok(!names.some((name) => name.startsWith(`package/node_modules/${developers}/`)), developers);
    }
    assert.ok(statSync(file).size < 64 * 1024 * 1024, "small enough to be copied to every node");
  });

  it("runs with its own Node.js where PATH has none, through an upgrade below a running pod", async () => {
    await ensureImages("base");
    await using registry = await Registry.start({ storage: storeFolder() });
    await npm("install", file);
    await using daemon = await startDaemon({ registry: registry.address, launcher });
    assert.equal(readlinkSync(`/proc/${daemon.pid}/exe`), join(home(), "libexec/node"));
    await daemon.client.image.PullImage({ image: { image: BUSYBOX } });
    const pod = await livePod(daemon);
    const container = await pod.run();
    const earlier = await containerStatus(daemon, container);

    await npm("install", await nextVersion());
    await daemon.stop();
    await daemon.start();
    assert.equal((await daemon.client.runtime.Version({})).runtimeVersion, NEXT);
    assert.deepEqual(await containerStatus(daemon, container), earlier);
    assert.equal(await pod.sh(container, "echo still here"), "still here");
    await removePod(daemon, pod.id);
  });

  it("npm takes all of it away", async () => {
    await npm("uninstall", "critter");
    assert.deepEqual(readdirSync(join(prefix(), "bin")), []);
    assert.ok(!existsSync(home()));
  });

  /** Clears the environment, as systemd does. */
  function launcher(): [command: string, ...args: string[]] {
    return ["env", "--ignore-environment", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", critter()];
  }

  /** The same package by another name, packed quickly. */
  async function nextVersion(): Promise<string> {
    const unpacked = join(folder, "next");
    await mkdir(unpacked);
    await run("tar", ["--extract", "--gzip", "--file", file, "--directory", unpacked]);
    const manifest = join(unpacked, "package/package.json");
    const parsed = JSON.parse(readFileSync(manifest, "utf8"));
    writeFileSync(manifest, JSON.stringify({ ...parsed, version: NEXT }));
    const next = join(folder, "next.tgz");
    const options = ["--create", "--use-compress-program", "gzip -1", "--file", next];
    await run("tar", [...options, "--directory", unpacked, "package"]);
    await rm(unpacked, { recursive: true });
    return next;
  }
});
