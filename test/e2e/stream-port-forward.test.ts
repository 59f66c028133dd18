import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { describe, it } from "node:test";
import { PortForward, runClient, TRANSPORTS, type Transport } from "../stream-client/client.ts";
import { NGINX } from "../support/configs.ts";
import { outcome } from "../support/cri.ts";
import { eventually } from "../support/eventually.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { inParallel } from "../support/parallel.ts";
import { suite } from "../support/suite.ts";

const MEBIBYTE = 1 << 20;

/** Sums what it is sent, which it cannot before the client has closed its half. */
const SUM = 7001;
/** Sends back what it is sent. */
const ECHO = 7003;
/** Nobody listens there. */
const CLOSED = 7009;

const PROGRAMS: Record<number, string> = {
  [SUM]: "md5sum",
  [ECHO]: "cat",
};

describe("PortForward", { concurrency: 2 }, () => {
  const parts = suite({ images: [NGINX] });

  for (const transport of TRANSPORTS)
    describe(`over ${transport}`, { concurrency: 2 }, () => specify(transport));

  function specify(transport: Transport) {
    const forward = (pod: LivePod, ...ports: number[]) =>
      PortForward.start(parts.daemon.socket, transport, pod.id, ...ports);

    it("connects with ports of the pod's loopback, and knows half-closed connections", async () => {
      await using pod = await livePod(parts.daemon);
      await serve(pod, PROGRAMS);
      await using session = await forward(pod, SUM, ECHO);
      assert.equal((await session.ask(0, "hello")).toString(), `${md5("hello")}  -\n`);
      const block = Buffer.alloc(8 * MEBIBYTE, "0123456789");
      assert.equal((await session.ask(0, block)).toString(), `${md5(block)}  -\n`);
      assert.equal(md5(await session.ask(1, block)), md5(block));
    });

    it("carries 50 downloads at a time over one session", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run({ image: { image: NGINX }, command: [] });
      await pod.sh(id, `yes critter | head -c ${4 * MEBIBYTE} >/usr/share/nginx/html/file`);
      const sum = (await pod.sh(id, "md5sum /usr/share/nginx/html/file")).split(" ")[0];
      await using session = await forward(pod, 80);
      const sums = await inParallel(150, 50, async () => {
        const request = { headers: { connection: "close" } };
        const response = await fetch(`http://127.0.0.1:${session.ports[0]}/file`, request);
        return md5(Buffer.from(await response.arrayBuffer()));
      });
      assert.deepEqual(new Set(sums), new Set([sum]));
    });

    it("reports a refused port on the error stream, and the session goes on", async () => {
      await using pod = await livePod(parts.daemon);
      await serve(pod, { [ECHO]: "echo hi" });
      const ports = [ECHO, CLOSED, ECHO].map(String);
      const args = ["ask-ports", "--transport", transport, pod.id, ...ports] as [string, ...string[]];
      const { stdout, stderr } = await runClient(parts.daemon.socket, args);
      const answers = stdout
        .toString()
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      assert.equal(answers.length, 3, stderr);
      for (const at of [0, 2]) assert.deepEqual(answers[at], { port: ECHO, data: "hi\n", error: "" });
      assert.equal(answers[1].data, "");
      assert.match(answers[1].error, new RegExp(`${CLOSED}.*refused`, "is"));
    });

    it("closes the pod's connections when the client is killed, and the client's when the server closes", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await serve(pod, PROGRAMS);
      const session = await forward(pod, ECHO);
      const socket = connect(session.ports[0]!, "127.0.0.1");
      socket.on("error", () => {});
      socket.write("hello");
      await once(socket, "data");
      assert.notEqual(await pod.sh(id, "pgrep -x cat || true"), "");
      const closed = once(socket, "close");
      await pod.sh(id, "pkill -x cat 2>/dev/null || kill $(pgrep -x cat)");
      await closed;
      const other = connect(session.ports[0]!, "127.0.0.1");
      other.on("error", () => {});
      other.write("hello");
      await once(other, "data");
      session.client.kill();
      await eventually(async () => assert.equal(await pod.sh(id, "pgrep -x cat || true"), ""));
    });

    it("forwards to ports of the host, for a pod of its network", async () => {
      const server = createServer((socket) => socket.end("the host's\n"));
      await once(server.listen(0, "127.0.0.1"), "listening");
      try {
        const { port } = server.address() as { port: number };
        const { cgroupParent } = parts.daemon;
        const namespaceOptions = { network: "NODE" } as const;
        await using pod = await livePod(parts.daemon, {
          linux: { cgroupParent, securityContext: { namespaceOptions } },
        });
        await using session = await forward(pod, port);
        assert.equal((await session.ask(0)).toString(), "the host's\n");
      } finally {
        server.close();
      }
    });
  }

  it("needs a pod that runs", async () => {
    const { runtime } = parts.daemon.client;
    assert.equal(await outcome(runtime.PortForward({ podSandboxId: "f".repeat(64) })), "NOT_FOUND");
    await using pod = await livePod(parts.daemon);
    await runtime.StopPodSandbox({ podSandboxId: pod.id });
    assert.equal(await outcome(runtime.PortForward({ podSandboxId: pod.id })), "FAILED_PRECONDITION");
  });
});

/** Runs a container with a program a connection on each of the ports, and waits until it listens. Answers its id. */
async function serve(pod: LivePod, programs: Record<number, string>): Promise<string> {
  const servers = Object.entries(programs).map(([port, program]) => `nc -ll -p ${port} -e ${program} &`);
  const id = await pod.run({ command: ["sh", "-c", `${servers.join(" ")} wait`] });
  const listening = Object.keys(programs).length;
  await eventually(() => pod.sh(id, `test $(netstat -ltn | grep -c LISTEN) -ge ${listening}`));
  return id;
}

function md5(data: string | Buffer): string {
  return createHash("md5").update(data).digest("hex");
}
