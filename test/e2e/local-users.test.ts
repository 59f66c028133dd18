import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { after, before, describe, it } from "node:test";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { accessOfNobody, asNobody } from "../support/other-user.ts";
import { suite } from "../support/suite.ts";

const SECRETS = {
  environment: "secret-of-the-environment",
  annotation: "secret-of-an-annotation",
  command: "secret-of-a-command",
  file: "secret-of-a-file",
};

/** Root of a pod's user namespace must get to its root filesystem. */
const PASSAGE = "passed through, not listed";

/** What users may see, and why. */
const PUBLIC: [pattern: RegExp, reason: string][] = [
  [/^(root|runroot)$/, PASSAGE],
  [/^root\/storage(\/overlay-(containers|shared))?$/, PASSAGE],
  [/^runroot\/(sandboxes|runtimes(\/(runc|crun))?)$/, PASSAGE],
  [/^runroot\/runtimes\/(runc|crun)\/[0-9a-f]{64}$/, "the runtime's, whose files in there are closed"],
  [/^runroot\/runtimes\/crun\/\.(empty-directory|cache)(\/|$)/, "nothing, and translated seccomp profiles"],
  [/^root\/storage\/overlay-(scaffold|empty)(\/|$)/, "empty folders"],
  [
    /^root\/storage\/overlay-shared\/[0-9a-f]{64}(\/|$)/,
    "the pause image, mounted read-only, nosuid and nodev",
  ],
  [/^namespaces(\/|$)/, "whoever joins a namespace needs CAP_SYS_ADMIN"],
  [/^logs$/, "names of logs, which the kubelet would have made"],
];

describe("another user of the machine", () => {
  const parts = suite({ settings: { "crio.runtime": { log_level: "trace" } } });

  describe("of a daemon that was started without a umask", () => {
    let pod: LivePod;
    let id: string;
    let token: string;

    /** A pod with secrets wherever one can have them. */
    before(async () => {
      const { daemon } = parts;
      await daemon.stop();
      const umask = process.umask(0);
      try {
        await daemon.start();
      } finally {
        process.umask(umask);
      }
      const logDirectory = join(daemon.folder, "logs");
      const annotations = { secret: SECRETS.annotation };
      pod = await livePod(daemon, { logDirectory, annotations });
      id = await pod.run({
        command: ["sh", "-c", "cp /bin/busybox /owned; chmod 6755 /owned; exec top", SECRETS.command],
        envs: [{ key: "SECRET", value: Buffer.from(SECRETS.environment) }],
        annotations,
        logPath: "container.log",
        stdin: true,
      });
      const script = `echo ${SECRETS.file} > /secret; echo ${SECRETS.file} > /dev/shm/secret; chmod 666 /dev/shm/secret`;
      await pod.sh(id, script);
      const { runtime } = daemon.client;
      const { url } = await runtime.Exec({ containerId: id, cmd: ["cat", SECRETS.command], stdout: true });
      token = new URL(url).pathname.split("/").at(-1)!;
    });

    after(() => pod?.[Symbol.asyncDispose]());

    it("reads, writes and enters nothing of critter's but what is public", () => {
      const { folder } = parts.daemon;
      const found = ["root", "runroot", "namespaces", "logs"].flatMap((name) =>
        accessOfNobody(join(folder, name)),
      );
      for (const { path, allowed } of found) {
        const name = relative(folder, path);
        const why = PUBLIC.find(([pattern]) => pattern.test(name))?.[1];
        assert.ok(why, `${name} can be accessed: ${allowed}`);
        assert.ok(!allowed.includes("w"), `${name} can be written`);
        assert.ok(why !== PASSAGE || allowed === "x", `${name} can be listed`);
      }
      assert.ok(
        found.some(({ path }) => path.includes("/namespaces/")),
        "the user can look somewhere",
      );
    });

    it("cannot run what a container leaves, nor read its memory, by paths that anybody knows", () => {
      const { folder } = parts.daemon;
      const mounts = readFileSync("/proc/self/mountinfo", "utf8")
        .match(/ \S+/g)!
        .map((field) => field.trim());
      const rootfs = mounts.find((path) => path.endsWith(`${id}/rootfs`))!;
      const shm = mounts.find((path) => path.startsWith(folder) && path.endsWith(`${pod.id}/shm`))!;
      assert.ok(statSync(join(rootfs, "owned")).mode & 0o4000);
      assert.equal(asNobody(join(rootfs, "owned"), "id").status, 127);
      for (const path of [
        join(rootfs, "secret"),
        join(dirname(rootfs), "upper/secret"),
        join(shm, "secret"),
      ]) {
        assert.ok(readFileSync(path, "utf8").includes(SECRETS.file));
        const { status, output } = asNobody("cat", path);
        assert.equal(status, 1);
        assert.match(output, /Permission denied/);
      }
    });

    it("cannot speak to the daemon: the socket is root's, mode 0660", () => {
      const { socket } = parts.daemon;
      const { mode, uid, gid } = statSync(socket);
      assert.deepEqual([(mode & 0o7777).toString(8), uid, gid], ["660", 0, 0]);
      const script = `require("node:net").connect(${JSON.stringify(socket)}).on("error", ({ code }) => console.log(code))`;
      assert.equal(asNobody(process.execPath, "-e", script).output, "EACCES\n");
    });

    it("finds no secret in the daemon's log, whatever its level", () => {
      const log = readFileSync(join(parts.daemon.folder, "critter.log"), "utf8");
      assert.ok(log.includes(id));
      for (const secret of [...Object.values(SECRETS), token]) assert.ok(!log.includes(secret), secret);
    });
  });
});
