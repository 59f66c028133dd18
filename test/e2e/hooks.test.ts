import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-hooks-e2e-"));
const [shipped, own, told, program] = ["shipped", "own", "told", "program"].map((name) =>
  join(folder, name),
) as [string, string, string, string];
mkdirSync(shipped);
writeFileSync(told, "");
// The state on its standard input says which container the hook is of.
writeFileSync(
  program,
  `#!/bin/sh\nid=$(grep -o '"id": *"[^"]*"' | head -1)\necho "$1 $MARK $id" >>${told}\n`,
);
chmodSync(program, 0o755);
after(() => rmSync(folder, { recursive: true }));

function writeHook(path: string, when: object, mark: string, stages: string[], hook: object = {}): void {
  const run = { path: program, args: ["program", "%"], env: [`MARK=${mark}`], ...hook };
  for (const stage of stages) {
    const content = { version: "1.0.0", hook: { ...run, args: ["program", stage] }, when, stages: [stage] };
    writeFileSync(path.replace("%", stage), JSON.stringify(content));
  }
}

const toldOf = (id: string) =>
  readFileSync(told, "utf8")
    .split("\n")
    .filter((line) => line.includes(id))
    .map((line) => line.split(" ").slice(0, 2).join(" "));

describe("OCI hooks", () => {
  before(() => {
    const stages = ["prestart", "createRuntime", "createContainer", "poststart", "poststop"];
    writeHook(join(shipped, "all-%.json"), { annotations: { "^hook$": "^(a|b)$" } }, "all", stages);
    writeHook(join(shipped, "mounts-%.json"), { hasBindMounts: true }, "mounts", ["createRuntime"]);
    writeHook(
      join(shipped, "top-%.json"),
      { commands: ["^/nothing", "(?i)TOP$"], annotations: { top: "" } },
      "top",
      ["createRuntime"],
    );
  });
  const parts = suite({ settings: { "crio.runtime": { hooks_dir: [shipped, own] } } });

  it("run at all stages for containers with the annotation, their own or their pod's", async () => {
    await using pod = await livePod(parts.daemon, {
      annotations: { hook: "b" },
      linux: { cgroupParent: parts.daemon.cgroupParent },
    });
    const { runtime } = parts.daemon.client;
    const id = await pod.create();
    // runc runs poststart when it creates a container, up to its version 1.2.
    const created = toldOf(id).filter((line) => line !== "poststart all");
    assert.deepEqual(created.sort(), ["createContainer all", "createRuntime all", "prestart all"]);
    await runtime.StartContainer({ containerId: id });
    await eventually(() => assert.ok(toldOf(id).includes("poststart all")));
    await runtime.StopContainer({ containerId: id, timeout: 0 });
    await runtime.RemoveContainer({ containerId: id });
    await eventually(() => assert.equal(toldOf(id).at(-1), "poststop all"));
  });

  it("run for nobody else; for containers with mounts, or with a command", async () => {
    await using pod = await livePod(parts.daemon);
    assert.deepEqual(toldOf(await pod.create({ annotations: { hook: "c" } })), []);
    const mounts = [{ hostPath: folder, containerPath: "/x" }];
    assert.deepEqual(toldOf(await pod.create({ mounts })), ["createRuntime mounts"]);
    assert.deepEqual(toldOf(await pod.create({ annotations: { top: "x" } })), ["createRuntime top"]);
    assert.deepEqual(toldOf(await pod.create({ annotations: { top: "x" }, command: ["sleep", "9"] })), []);
  });

  it("are read again when a folder changes; a file that is wrong stays what it was", async () => {
    await using pod = await livePod(parts.daemon);
    mkdirSync(own);
    writeHook(join(own, "own-%.json"), { annotations: { own: "" } }, "own", ["createRuntime"]);
    const annotations = { own: "" };
    await eventually(async () =>
      assert.deepEqual(toldOf(await pod.create({ annotations })), ["createRuntime own"]),
    );
    // In the place of the one with its name.
    writeHook(join(own, "mounts-%.json"), { always: false }, "mounts", ["createRuntime"]);
    const mounts = [{ hostPath: folder, containerPath: "/x" }];
    await eventually(async () => assert.deepEqual(toldOf(await pod.create({ mounts })), []));
    writeFileSync(join(own, "own-createRuntime.json"), "{ no JSON");
    await eventually(() => {
      const log = readFileSync(join(parts.daemon.folder, "critter.log"), "utf8");
      assert.match(log, /a hook file is wrong.*own-createRuntime\.json/);
    });
    assert.deepEqual(toldOf(await pod.create({ annotations })), ["createRuntime own"]);
    rmSync(own, { recursive: true });
    await eventually(async () => assert.deepEqual(toldOf(await pod.create({ annotations })), []));
  });

  it("that fail, or take longer than they may, are the container's failure, and nothing of it is left", async () => {
    await using pod = await livePod(parts.daemon);
    mkdirSync(own);
    writeHook(join(own, "fails-%.json"), { annotations: { fails: "" } }, "", ["createRuntime"], {
      path: "/bin/false",
    });
    const slow = join(folder, "slow");
    writeFileSync(slow, "#!/bin/sh\nexec sleep 30\n");
    chmodSync(slow, 0o755);
    writeHook(join(own, "slow-%.json"), { annotations: { slow: "" } }, "", ["createRuntime"], {
      path: slow,
      timeout: 1,
    });
    await eventually(async () => assert.rejects(pod.create({ annotations: { fails: "" } }), /hook/));
    const { runtime } = parts.daemon.client;
    const idsOf = async () => (await runtime.ListContainers()).containers.map(({ id }) => id).sort();
    const before = await idsOf();
    await assert.rejects(pod.create({ annotations: { fails: "" } }), /hook/);
    await assert.rejects(pod.create({ annotations: { slow: "" } }), /hook/);
    assert.deepEqual(await idsOf(), before);
  });
});

it("a hook file that is wrong keeps the daemon from starting", async () => {
  const wrong = join(folder, "wrong");
  mkdirSync(wrong);
  writeHook(join(wrong, "x.json"), { commands: ["("] }, "", ["createRuntime"]);
  const started = startDaemon({ settings: { "crio.runtime": { hooks_dir: [wrong] } } });
  await assert.rejects(started, /crio\.runtime\.hooks_dir: .*x\.json: when\.commands\[0\] is "\("/);
});
