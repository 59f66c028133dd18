import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { countCgroups } from "../support/cgroups.ts";
import { testRuntime } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { processes, processesRootedIn } from "../support/processes.ts";
import { suite } from "../support/suite.ts";

/** What a client gets that runs a shell's script and stays. */
function interactive(url: string): void {
  const client = new WebSocket(url.replace(/^http/, "ws"), "v4.channel.k8s.io");
  client.on("error", () => {});
}

describe("execs of a daemon that is killed", () => {
  const parts = suite();

  /** Runtimes that run an exec of this daemon. */
  const runtimes = (folder: string) =>
    processes().filter(({ program, args }) => {
      return program === testRuntime && args.includes("exec") && args.some((arg) => arg.startsWith(folder));
    });

  it("are ended by the next one, however far they were", async () => {
    const { daemon } = parts;
    const { runtime } = daemon.client;
    await using pod = await livePod(daemon);
    const containerId = await pod.run();
    await pod.sh(containerId, "true");
    const cgroups = countCgroups(daemon.cgroupParent);
    const root = join(daemon.folder, "root");
    const execFolder = join(daemon.folder, "runroot", "runtimes", `${testRuntime}-exec`);
    const before = processesRootedIn(root).length;

    const scripts = ["sleep 7001", "(setsid sleep 7002 &); sleep 7003", "trap '' HUP TERM; sleep 7004"];
    for (const script of scripts) {
      const request = { containerId, cmd: ["sh", "-c", script] };
      runtime.ExecSync({ ...request, timeout: 0 }).catch(() => {});
      for (const tty of [false, true]) {
        const { url } = await runtime.Exec({ ...request, tty, stdin: true, stdout: true, stderr: !tty });
        interactive(url);
      }
    }
    await eventually(() => {
      assert.ok(processesRootedIn(root).length >= before + 9, String(processesRootedIn(root).length));
    });
    // Some more that have only begun.
    for (let count = 0; count < 4; count++) {
      runtime.ExecSync({ containerId, cmd: ["sleep", "7005"], timeout: 0 }).catch(() => {});
    }
    await sleep(10);
    await daemon.kill();
    await daemon.start();

    await eventually(() => {
      assert.equal(countCgroups(daemon.cgroupParent), cgroups);
      assert.equal(processesRootedIn(root).length, before);
      assert.deepEqual(runtimes(daemon.folder), []);
      assert.deepEqual(readdirSync(execFolder), []);
    });
    assert.equal(await pod.sh(containerId, "echo fine"), "fine");
  });
});
