import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { TRANSPORTS, type Transport } from "../stream-client/client.ts";
import { NGINX } from "../support/configs.ts";
import { withoutCrictl } from "../support/crictl.ts";
import { CrictlPod, crictlSuite } from "../support/crictl-suite.ts";
import { eventually } from "../support/eventually.ts";

describe("exec, attach and port-forward by crictl", { skip: withoutCrictl, concurrency: 3 }, () => {
  const parts = crictlSuite({ images: [NGINX] });

  for (const transport of TRANSPORTS)
    describe(`over ${transport}`, { concurrency: 3 }, () => over(transport));

  function over(transport: Transport) {
    const exec = (...args: string[]) => ["exec", "--transport", transport, ...args];

    it("exec keeps outputs apart, passes input, and fails as the command does", async () => {
      const { crictl } = parts;
      await using pod = await CrictlPod.run(parts);
      const id = await pod.start();
      const both = await crictl.run(exec(id, "sh", "-c", "echo out; echo err >&2"));
      assert.deepEqual([both.stdout.toString(), both.stderr, both.code], ["out\n", "err\n", 0]);
      const fed = await crictl.run(exec("--interactive", id, "cat"), "fed\0in\n");
      assert.equal(fed.stdout.toString(), "fed\0in\n");
      assert.match(await crictl.refusal(...exec(id, "sh", "-c", "exit 3")), /terminated with exit code 3/);
      assert.match(await crictl.refusal(...exec(id, "no-such-program")), /no-such-program/);
      const first = id.slice(0, 10);
      assert.equal(
        await crictl.ok(...exec(first, "echo", "by the beginning of the id")),
        "by the beginning of the id",
      );
    });

    it("exec -it gives a shell at a terminal", async () => {
      const { crictl } = parts;
      await using pod = await CrictlPod.run(parts);
      const id = await pod.start();
      await using shell = crictl.startAtTerminal(...exec("--interactive", "--tty", id, "sh"));
      await shell.says(/# /);
      shell.stdin.write("stty size; tty; echo $((40 + 2)); exit 7\n");
      await shell.says(/^\/dev\/(pts\/\d+|console)\r\n42\r\n/m);
      assert.notEqual((await shell.ended).code, 0);
      assert.match(shell.text, /exit code 7/);
    });

    it("attach shows what the container writes, and hands it what is typed", async () => {
      const { crictl } = parts;
      await using pod = await CrictlPod.run(parts);
      const script = "while read line; do echo got $line; [ $line = end ] && exit; done";
      const id = await pod.start({ command: ["sh", "-c", script], stdin: true });
      await using attached = crictl.start("attach", "--transport", transport, "--stdin", id);
      attached.stdin.write("one\n");
      await attached.says(/^got one\n/);
      attached.stdin.write("end\n");
      await attached.says(/got end\n/);
      assert.equal((await attached.ended).code, 0);
    });

    it("attach -it is the container's own terminal", async () => {
      const { crictl } = parts;
      await using pod = await CrictlPod.run(parts);
      const id = await pod.start({ command: ["sh"], stdin: true, tty: true });
      await using attached = crictl.startAtTerminal(
        "attach",
        "--transport",
        transport,
        "--stdin",
        "--tty",
        id,
      );
      attached.stdin.write("echo $((40 + 2))\n");
      await attached.says(/42\r\n/);
      attached.stdin.write("exit\n");
      assert.equal((await attached.ended).code, 0);
    });

    it("port-forward leads to a pod's ports", async () => {
      const { crictl } = parts;
      await using pod = await CrictlPod.run(parts);
      await pod.start({ image: { image: NGINX }, command: [] });
      await using forward = crictl.start("port-forward", "--transport", transport, pod.id, "0:80");
      const [, port] = await forward.says(/Forwarding from 127\.0\.0\.1:(\d+) -> 80/);
      await eventually(async () => assert.match(await answerOf(Number(port)), /Welcome to nginx!/));
      // One forward carries several connections.
      const pages = await Promise.all([1, 2, 3].map(() => answerOf(Number(port))));
      for (const page of pages) assert.match(page, /Welcome to nginx!/);
    });
  }

  it("exec --sync answers at once, with a limit where one is given", async () => {
    const { crictl } = parts;
    await using pod = await CrictlPod.run(parts, { hostname: "synchronous" });
    const id = await pod.start();
    assert.equal(await crictl.ok("exec", "--sync", id, "hostname"), "synchronous");
    assert.match(await crictl.refusal("exec", "--sync", id, "sh", "-c", "exit 3"), /exited with 3/);
    assert.match(
      await crictl.refusal("exec", "--sync", "--timeout", "1", id, "sleep", "9"),
      /timed out after 1s/,
    );
    assert.match(await crictl.refusal("exec", "--sync", id, "no-such-program"), /no-such-program/);
    assert.match(
      await crictl.refusal("exec", "--sync", "f".repeat(64), "true"),
      /NotFound.*container .* not found/,
    );
  });

  it("exec finds containers by pod and label, and runs in all of them", async () => {
    const { crictl } = parts;
    await using pod = await CrictlPod.run(parts);
    const labels = { each: "one" };
    const ids = [await pod.start({ labels }), await pod.start({ labels })];
    const answer = await crictl.ok("exec", "--sync", "--parallel", "--label", "each=one", "echo", "here");
    assert.equal(answer.match(/here/g)?.length, ids.length);
  });
});

/** What a web server at a local port says to a request that has no header. */
function answerOf(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    socket.setEncoding("utf8").on("data", (text) => (answer += text));
    socket.on("error", reject).on("close", () => resolve(answer));
    socket.write("GET / HTTP/1.0\r\n\r\n");
  });
}
