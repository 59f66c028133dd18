import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { outcome } from "../support/cri.ts";
import { livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

const MEBIBYTE = 1 << 20;

describe("ExecSync", { concurrency: 4 }, () => {
  const parts = suite();

  const exec = (containerId: string, script: string, timeout = 20) =>
    parts.daemon.client.runtime.ExecSync({ containerId, cmd: ["sh", "-c", script], timeout });

  it("answers both streams and the exit code", async () => {
    await using pod = await livePod(parts.daemon);
    const { stdout, stderr, exitCode } = await exec(await pod.run(), "echo out; printf err >&2; exit 3");
    assert.deepEqual([stdout.toString(), stderr.toString(), exitCode], ["out\n", "err", 3]);
  });

  it("hands on every byte, and signals as 128 + N", async () => {
    await using pod = await livePod(parts.daemon);
    const id = await pod.run();
    const { stdout } = await exec(id, "printf '\\000\\377\\r\\n'; head -c 65536 /dev/zero");
    assert.deepEqual(stdout, Buffer.concat([Buffer.from([0, 255, 13, 10]), Buffer.alloc(65_536)]));
    assert.equal((await exec(id, "kill -TERM $$")).exitCode, 143);
  });

  it("runs as the container does: user, environment, folder, cgroup limits, hostname", async () => {
    await using pod = await livePod(parts.daemon, { hostname: "exec-host" });
    const id = await pod.run({
      workingDir: "/work",
      envs: [{ key: "WORD", value: Buffer.from("of the container") }],
      linux: { securityContext: { runAsUser: { value: 1234 } } },
    });
    const script = "pwd; id -u; echo $WORD; hostname; tty";
    const { stdout } = await exec(id, script);
    assert.equal(stdout.toString(), "/work\n1234\nof the container\nexec-host\nnot a tty\n");
  });

  it("drops what exceeds 16 MiB of a stream, without hanging", async () => {
    await using pod = await livePod(parts.daemon);
    const script = "head -c 18000000 /dev/zero & head -c 18000000 /dev/zero >&2; wait; exit 5";
    const { stdout, stderr, exitCode } = await exec(await pod.run(), script, 60);
    assert.deepEqual([stdout.length, stderr.length, exitCode], [16 * MEBIBYTE, 16 * MEBIBYTE, 5]);
  });

  it("leaves no process after its timeout, however it hides", async () => {
    await using pod = await livePod(parts.daemon);
    const id = await pod.run();
    const hidden =
      "(setsid sh -c 'sleep 4441 & sleep 4442' &) ; (trap '' TERM HUP; nohup sleep 4443 &) ; sleep 4444";
    assert.equal(await outcome(exec(id, hidden, 1)), "DEADLINE_EXCEEDED");
    assert.equal(await pod.sh(id, "pgrep sleep || echo none"), "none");
  });

  it("leaves a process that was put into the background for good", async () => {
    await using pod = await livePod(parts.daemon);
    const id = await pod.run();
    const { exitCode, stdout } = await exec(id, "sleep 5555 >/dev/null 2>&1 & echo begun");
    assert.deepEqual([exitCode, stdout.toString()], [0, "begun\n"]);
    assert.notEqual(await pod.sh(id, "pgrep sleep"), "", "it is the container's from now on");
  });

  it("names the program that does not exist", async () => {
    await using pod = await livePod(parts.daemon);
    const containerId = await pod.run();
    const { runtime } = parts.daemon.client;
    await assert.rejects(runtime.ExecSync({ containerId, cmd: ["no-such-program"] }), /no-such-program/);
    assert.equal(await outcome(runtime.ExecSync({ containerId, cmd: [] })), "INVALID_ARGUMENT");
  });

  it("needs a container that runs; one that is stopped meanwhile ends it", async () => {
    const { runtime } = parts.daemon.client;
    await using pod = await livePod(parts.daemon);
    const created = await pod.create();
    const { id: exited } = await pod.finish({ command: ["true"] });
    for (const id of [created, exited]) assert.equal(await outcome(exec(id, "true")), "FAILED_PRECONDITION");
    assert.equal(await outcome(exec("f".repeat(64), "true")), "NOT_FOUND");
    const containerId = await pod.run();
    // Either it is killed with the container, or comes too late.
    const under = exec(containerId, "sleep 6666", 0).then(
      ({ exitCode }) => assert.equal(exitCode, 137),
      () => {},
    );
    await runtime.StopContainer({ containerId, timeout: 0 });
    await under;
  });

  it("takes any timeout, also one that no timer can wait for", async () => {
    await using pod = await livePod(parts.daemon);
    const id = await pod.run();
    for (const timeout of [0, 3_000_000, Number.MAX_SAFE_INTEGER])
      assert.equal((await exec(id, "sleep 0.1; exit 6", timeout)).exitCode, 6);
    const stop = { containerId: id, timeout: Number.MAX_SAFE_INTEGER };
    await parts.daemon.client.runtime.StopContainer(stop);
  });

  it("runs many at a time", async () => {
    await using pod = await livePod(parts.daemon);
    const id = await pod.run();
    const numbers = [1, 2, 3, 4, 5, 6, 7, 8];
    const answers = await Promise.all(numbers.map((number) => exec(id, `echo ${number}`)));
    assert.deepEqual(
      answers.map(({ stdout }) => Number(stdout)),
      numbers,
    );
  });
});
