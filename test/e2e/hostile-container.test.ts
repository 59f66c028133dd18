import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type ServedImage, serveImages } from "../registry/image-server.ts";
import type { ScriptedServer } from "../registry/scripted-server.ts";
import { outcome } from "../support/cri.ts";
import { DEEP_TREE } from "../support/deep-tree.ts";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { containerStatus } from "../support/pods.ts";
import { programImage } from "../support/program-image.ts";
import { suite } from "../support/suite.ts";

const IMAGE = "hostile.test/links:latest";
const UP = "../".repeat(16);
const LAST_WORDS = "io.kubernetes.container.terminationMessagePath";

describe("a container that means harm", () => {
  /** On the host, of no business of any container. */
  const outside = mkdtempSync(join(tmpdir(), "critter-outside-"));
  const secret = "the-secret-of-the-host";
  let server: ScriptedServer | undefined;

  before(() => {
    writeFileSync(join(outside, "secret"), `${secret}:x:4242:4242::/:\n`);
  });
  // Before the suite's own hook, which looks for what is left.
  after(async () => {
    await parts.daemon.client.image.RemoveImage({ image: { image: IMAGE } });
    await server?.[Symbol.asyncDispose]();
    rmSync(outside, { recursive: true });
  });
  const parts = suite();
  before(async () => {
    const images = new Map<string, ServedImage>();
    images.set("links", programImage({ config: { Volumes: { "/escape/volume": {} } }, fill }));
    server = await serveImages(images);
    const table = `\n[[registry]]\nprefix = "hostile.test"\nlocation = "${server.address}"\ninsecure = true\n`;
    appendFileSync(join(parts.daemon.folder, "registries.conf"), table);
    await parts.daemon.client.image.PullImage({ image: { image: IMAGE } });
  });

  /** Links to the host's folder and files wherever somebody looks into an image or makes something in it. */
  function fill(root: string): void {
    mkdirSync(join(root, "etc"));
    for (const name of ["hosts", "resolv.conf", "hostname"])
      symlinkSync(UP + join(outside, name), join(root, "etc", name));
    for (const name of ["passwd", "group"])
      symlinkSync(UP + join(outside, "secret"), join(root, "etc", name));
    symlinkSync(UP + outside, join(root, "escape"));
    symlinkSync(outside, join(root, "absolute"));
    symlinkSync(`/proc/1/root${outside}`, join(root, "by-proc"));
    symlinkSync(UP + join(outside, "secret"), join(root, "words"));
  }

  const untouched = () => assert.deepEqual(readdirSync(outside), ["secret"]);

  it("makes nothing on the host by links where its folders, mounts and files are to be", async () => {
    await using pod = await livePod(parts.daemon, { logDirectory: join(parts.daemon.folder, "logs") });
    const source = join(parts.daemon.folder, "source");
    mkdirSync(source, { recursive: true });
    writeFileSync(join(source, "file"), "");
    for (const link of ["/escape", "/absolute", "/by-proc", `/escape/${UP}${outside}`]) {
      const changes = [
        { workingDir: `${link}/work` },
        { mounts: [{ hostPath: source, containerPath: `${link}/mount` }] },
        { mounts: [{ hostPath: join(source, "file"), containerPath: `${link}/file` }] },
        { devices: [{ hostPath: "/dev/null", containerPath: `${link}/device`, permissions: "rwm" }] },
      ];
      for (const change of changes) {
        const id = await pod
          .create({ image: { image: IMAGE }, command: ["sleep", "inf"], ...change })
          .catch(() => "");
        if (id) await outcome(parts.daemon.client.runtime.StartContainer({ containerId: id }));
        untouched();
      }
    }
  });

  it("is given no user, group or file of the host by its links", async () => {
    await using pod = await livePod(parts.daemon);
    const { runtime } = parts.daemon.client;
    const securityContext = { runAsUsername: secret };
    await assert.rejects(pod.create({ image: { image: IMAGE }, linux: { securityContext } }), /no such user/);
    const id = await pod.run({ image: { image: IMAGE }, command: ["sleep", "inf"] });
    const { stdout, stderr } = await runtime.ExecSync({
      containerId: id,
      cmd: ["cat", "/etc/passwd", "/escape/secret", "/absolute/secret"],
    });
    assert.ok(!`${stdout}${stderr}`.includes(secret));
    untouched();
  });

  it("has no file of the host told as its last words, nor holds anybody up by a FIFO, a device or a folder there", async () => {
    await using pod = await livePod(parts.daemon);
    const traps = [
      "true",
      "ln -sf /dev/zero /w",
      "mkdir /w",
      "ln -s /proc/1/root /r; ln -s /r/secret /w",
      "ln -s w /w",
    ];
    for (const [at, trap] of ["sleep 0", ...traps].entries()) {
      const path = at === 0 ? "/words" : "/w";
      const ended = await pod.finish({
        image: { image: IMAGE },
        command: ["sh", "-c", trap],
        annotations: { [LAST_WORDS]: path },
      });
      assert.equal(ended.message, "", trap);
    }
    const { id } = await pod.finish({
      command: ["sh", "-c", "mknod /w p"],
      annotations: { [LAST_WORDS]: "/w" },
    });
    assert.equal((await containerStatus(parts.daemon, id)).message, "");
  });

  it("has no log written where its links lead, at first or after a rotation", async () => {
    const logDirectory = join(parts.daemon.folder, "pod-logs");
    await using pod = await livePod(parts.daemon, { logDirectory });
    mkdirSync(logDirectory, { recursive: true });
    const mounts = [{ hostPath: logDirectory, containerPath: "/logs" }];
    const target = join(outside, "secret");
    const id = await pod.run({
      mounts,
      logPath: "first.log",
      command: ["sh", "-c", "while sleep 0.1; do echo x; done"],
    });
    await pod.sh(
      id,
      `cd /logs; ln -s ${target} 1.log; ln -s ${outside} sub; mknod 2.log p; ln -s ${target} first.log.tmp`,
    );
    for (const logPath of ["1.log", "sub/0.log", "2.log"]) {
      await assert.rejects(pod.create({ logPath }), /log cannot be written/, logPath);
    }
    renameSync(join(logDirectory, "first.log"), join(logDirectory, "first.log.old"));
    const { runtime } = parts.daemon.client;
    assert.equal(await outcome(runtime.ReopenContainerLog({ containerId: id })), "FAILED_PRECONDITION");
    assert.match(readFileSync(target, "utf8"), new RegExp(`^${secret}`));
    untouched();
    await pod.sh(id, "rm /logs/first.log.tmp");
    assert.equal(await outcome(runtime.ReopenContainerLog({ containerId: id })), "OK");
    await eventually(() => assert.ok(statSync(join(logDirectory, "first.log")).size > 0));
  });

  it("cannot spoil its own statistics or removal by a tree that is deeper than a path is long", async () => {
    await using pod = await livePod(parts.daemon);
    const [deep, other] = [await pod.run(), await pod.run()];
    await pod.sh(deep, DEEP_TREE);
    await pod.sh(other, "head -c 100000 /dev/zero > /file");
    const used = async (containerId: string) => {
      const { stats } = await parts.daemon.client.runtime.ContainerStats({ containerId });
      return Number(stats?.writableLayer?.usedBytes?.value ?? 0);
    };
    for (const id of [other, deep]) await eventually(async () => assert.ok((await used(id)) >= 100_000), 30);
    await parts.daemon.client.runtime.RemoveContainer({ containerId: deep });
    const folder = join(parts.daemon.folder, "root/storage/overlay-containers", deep);
    await eventually(() => assert.ok(!existsSync(folder)));
  });

  it("is named by nothing but its id", async () => {
    await using pod = await livePod(parts.daemon);
    const id = await pod.run();
    const { runtime } = parts.daemon.client;
    for (const containerId of [
      `../containers/${id}`,
      `./${id}`,
      `${id}/`,
      `${id}\0`,
      "..",
      "/",
      `${pod.id}`,
    ]) {
      const calls = [
        runtime.ContainerStatus({ containerId }),
        runtime.ExecSync({ containerId, cmd: ["true"] }),
        runtime.Exec({ containerId, cmd: ["true"], stdout: true }),
        runtime.ReopenContainerLog({ containerId }),
        runtime.PortForward({ podSandboxId: containerId === pod.id ? id : containerId, port: [80] }),
      ];
      for (const call of calls)
        assert.match(await outcome(call), /^(NOT_FOUND|INVALID_ARGUMENT)$/, containerId);
      await outcome(runtime.StopContainer({ containerId, timeout: 0 }));
      await outcome(runtime.RemoveContainer({ containerId }));
    }
    assert.equal((await containerStatus(parts.daemon, id)).state, "CONTAINER_RUNNING");
  });

  it("is led nowhere by a .. in its request, nor is its pod", async () => {
    const { daemon } = parts;
    await using pod = await livePod(daemon, { logDirectory: join(daemon.folder, "logs") });
    const volume = { containerPath: "/volume", image: { image: IMAGE }, readonly: true };
    for (const changes of [
      { logPath: `${UP}${outside}/log` },
      { mounts: [{ ...volume, imageSubPath: `${UP}${outside}` }] },
      { mounts: [{ ...volume, imageSubPath: `bin/${UP}${outside}` }] },
    ]) {
      assert.equal(await outcome(pod.create(changes)), "INVALID_ARGUMENT", JSON.stringify(changes));
    }
    const cgroupParent = `${daemon.cgroupParent}/${UP}${outside}`;
    assert.equal(await outcome(livePod(daemon, { linux: { cgroupParent } })), "INVALID_ARGUMENT");
    untouched();
  });

  it("changes neither its image nor another container by what it writes", async () => {
    await using pod = await livePod(parts.daemon);
    await pod.sh(await pod.run(), "rm /bin/ls; echo x > /etc/added; echo x > /bin/cat || true");
    const other = await pod.run();
    assert.equal(
      await pod.sh(other, "ls /etc/added 2>&1 || cat /etc/hostname | wc -l"),
      "ls: /etc/added: No such file or directory\n1",
    );
  });

  it("shares no PID namespace with a container of another pod", async () => {
    await using pod = await livePod(parts.daemon);
    await using other = await livePod(parts.daemon);
    const namespaceOptions = { pid: "TARGET" as const, targetId: await other.run() };
    const joining = pod.create({ linux: { securityContext: { namespaceOptions } } });
    await assert.rejects(joining, /it must be a running container of the same pod/);
  });
});
