import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { runClient, StreamClient, TRANSPORTS, type Transport } from "../stream-client/client.ts";
import { outcome } from "../support/cri.ts";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

const MEBIBYTE = 1 << 20;

describe("Exec", { concurrency: 4 }, () => {
  const parts = suite();

  for (const transport of TRANSPORTS)
    describe(`over ${transport}`, { concurrency: 4 }, () => specify(transport));

  function specify(transport: Transport) {
    const exec = (args: string[], input?: string | Buffer) =>
      runClient(parts.daemon.socket, ["exec", "--transport", transport, ...args], input);

    const start = (...args: string[]) =>
      new StreamClient(parts.daemon.socket, "exec", "--transport", transport, ...args);

    it("keeps both outputs apart and passes the exit code", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run();
      const { stdout, stderr, code } = await exec([id, "sh", "-c", "echo out; printf err >&2; exit 3"]);
      assert.deepEqual([stdout.toString(), stderr, code], ["out\n", "err", 3]);
      assert.deepEqual(await exec([id, "true"]), { stdout: Buffer.alloc(0), stderr: "", code: 0 });
      assert.equal((await exec([id, "sh", "-c", "kill -TERM $$"])).code, 143);
    });

    it("hands on standard input and its end; without -i there is none", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run();
      const { stdout, code } = await exec(["-i", id, "sh", "-c", "cat; exit 7"], "every\0byte\r\n\x03\x04");
      assert.deepEqual([stdout.toString(), code], ["every\0byte\r\n\x03\x04", 7]);
      assert.deepEqual((await exec([id, "cat"], "not wanted")).stdout.toString(), "");
    });

    it("hands on all of standard input to a process that has closed its outputs", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run();
      const input = Buffer.alloc(32 * MEBIBYTE, "0123456789");
      const { code } = await exec(["-i", id, "sh", "-c", "exec wc -c >/tmp/count 2>&1"], input);
      assert.deepEqual([code, await pod.sh(id, "cat /tmp/count")], [0, String(input.length)]);
    });

    it("with -t gives a terminal, whose output is one stream", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run();
      const script = "tty; test -t 0 && test -t 1 && test -t 2 && echo three; echo err >&2; exit 4";
      const { stdout, stderr, code } = await exec(["-it", id, "sh", "-c", script]);
      assert.match(stdout.toString(), /^\/dev\/(pts\/\d+|console)\r\nthree\r\nerr\r\n$/);
      assert.deepEqual([stderr, code], ["", 4]);
    });

    it("names the program that does not exist", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run();
      for (const flags of [[], ["-it"]]) {
        const { stderr, code } = await exec([...flags, id, "no-such-program"]);
        assert.match(stderr, /no-such-program/);
        assert.notEqual(code, 0);
      }
    });

    it("runs as the container does: user, groups, capabilities, seccomp, cgroup, folder, environment", async () => {
      await using pod = await livePod(parts.daemon, { hostname: "exec-host" });
      const id = await pod.run({
        workingDir: "/work",
        envs: [{ key: "WORD", value: Buffer.from("of the container") }],
        linux: {
          securityContext: {
            runAsUser: { value: 1234 },
            runAsGroup: { value: 4321 },
            supplementalGroups: [77, 88],
            capabilities: { dropCapabilities: ["ALL"], addCapabilities: ["NET_BIND_SERVICE"] },
          },
        },
      });
      const script = `pwd; echo $WORD; hostname; id -G
        for process in self $(pgrep -x top); do
          grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp:)' /proc/$process/status; echo; cat /proc/$process/cgroup; echo
        done`;
      const { stdout } = await exec([id, "sh", "-c", script]);
      const lines = stdout.toString().split("\n");
      assert.deepEqual(lines.slice(0, 4), ["/work", "of the container", "exec-host", "4321 77 88"]);
      const [status, cgroups, statusOfContainer, cgroupsOfContainer] = lines
        .slice(4)
        .join("\n")
        .split("\n\n");
      assert.equal(status, statusOfContainer);
      assert.match(status!, /^Uid:\s1234\s/);
      const paths = cgroups!.split("\n");
      for (const [at, path] of cgroupsOfContainer!.split("\n").entries())
        assert.ok(paths[at]?.startsWith(path), path);
    });

    it("runs several at once in one container", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run();
      const numbers = [1, 2, 3, 4, 5, 6, 7, 8];
      const answers = await Promise.all(
        numbers.map((number) => exec(["-i", id, "sh", "-c", `cat; exit ${number}`], `${number}`)),
      );
      assert.deepEqual(
        answers.map(({ stdout, code }) => [stdout.toString(), code]),
        numbers.map((number) => [`${number}`, number]),
      );
    });

    it("leaves the process in the background that the command put there, and ends with the command", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run();
      const { stdout, code } = await exec([id, "sh", "-c", "sleep 5555 >/dev/null 2>&1 & echo begun"]);
      assert.deepEqual([stdout.toString(), code], ["begun\n", 0]);
      assert.notEqual(await pod.sh(id, "pgrep -x sleep"), "");
    });

    it("hangs up on the process when the client is killed, and kills what stays", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run();
      for (const flags of [[], ["-i"], ["-it"]]) {
        const polite = start(
          ...flags,
          id,
          "sh",
          "-c",
          "trap 'echo hung >/tmp/hup; exit' HUP; echo ready; while :; do sleep 0.1; done",
        );
        const stubborn = start(...flags, id, "sh", "-c", "trap '' HUP TERM; echo ready; exec sleep 4321");
        await Promise.all([polite.says(/ready/), stubborn.says(/ready/)]);
        polite.kill();
        stubborn.kill();
        await eventually(() => pod.sh(id, "grep -q hung /tmp/hup && rm /tmp/hup"));
        await eventually(async () => assert.equal(await pod.sh(id, "pgrep -x sleep || true"), ""));
      }
    });

    it("hangs up on what the process starts in that very moment", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run();
      const script = "echo ready; for at in $(seq 400); do sleep 4321 & done; wait";
      for (let round = 0; round < 5; round++) {
        const client = start(id, "sh", "-c", script);
        await client.says(/ready/);
        client.kill();
        await eventually(async () => assert.equal(await pod.sh(id, "pgrep -x sleep || true"), ""));
      }
    });

    it("pipes 256 MiB in and out", async () => {
      await using pod = await livePod(parts.daemon);
      await using client = start("-i", await pod.run(), "cat");
      const sent = createHash("sha256");
      const received = createHash("sha256");
      client.stdout.removeAllListeners("data").on("data", (chunk) => received.update(chunk));
      for (let megabytes = 0; megabytes < 256; megabytes += 4) {
        const block = randomBytes(4 * MEBIBYTE);
        sent.update(block);
        if (!client.stdin.write(block)) await new Promise((resolve) => client.stdin.once("drain", resolve));
      }
      client.stdin.end();
      assert.equal((await client.ended).code, 0);
      assert.equal(received.digest("hex"), sent.digest("hex"));
    });
  }

  it("needs a container that runs, a command, and at least one stream", async () => {
    const { runtime } = parts.daemon.client;
    await using pod = await livePod(parts.daemon);
    const id = await pod.run();
    const request = { containerId: id, cmd: ["true"], stdout: true };
    assert.equal(await outcome(runtime.Exec({ ...request, cmd: [] })), "INVALID_ARGUMENT");
    assert.equal(await outcome(runtime.Exec({ ...request, stdout: false })), "INVALID_ARGUMENT");
    assert.equal(await outcome(runtime.Exec({ ...request, tty: true, stderr: true })), "INVALID_ARGUMENT");
    assert.equal(await outcome(runtime.Exec({ ...request, containerId: "f".repeat(64) })), "NOT_FOUND");
    const containerId = await pod.create();
    assert.equal(await outcome(runtime.Exec({ ...request, containerId })), "FAILED_PRECONDITION");
  });

  it("answers a URL that opens once", async () => {
    await using pod = await livePod(parts.daemon);
    const request = { containerId: await pod.run(), cmd: ["true"], stdout: true };
    const { url } = await parts.daemon.client.runtime.Exec(request);
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/exec\/[\w-]{22,}$/);
    const statuses: number[] = [];
    // The first has no upgrade, which costs the token as well.
    for (let times = 0; times < 2; times++) statuses.push((await fetch(url, { method: "POST" })).status);
    assert.ok(statuses[0]! >= 400, String(statuses));
    assert.equal(statuses[1], 404);
  });

  it("ends with the container", async () => {
    const { runtime } = parts.daemon.client;
    await using pod = await livePod(parts.daemon);
    const containerId = await pod.run();
    await using client = new StreamClient(
      parts.daemon.socket,
      "exec",
      containerId,
      "sh",
      "-c",
      "echo ready; exec sleep 4321",
    );
    await client.says(/ready/);
    await runtime.StopContainer({ containerId, timeout: 0 });
    assert.equal((await client.ended).code, 137);
  });
});
