import assert from "node:assert/strict";
import { test } from "node:test";
import { controlFile } from "../support/control-file.ts";
import { startDaemon } from "../support/daemon.ts";
import { livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

const parts = suite({
  settings: {
    "crio.runtime": {
      pids_limit: 40,
      default_ulimits: ["nofile=2000", "core=0:4096", "RLIMIT_MEMLOCK=65536"],
    },
  },
});

test("pids_limit is the container's most processes", async () => {
  await using pod = await livePod(parts.daemon);
  const id = await pod.run();
  assert.equal(controlFile(parts.daemon.containerCgroup(id), "pids.max", "pids.max"), "40");
  const { exitCode, stderr } = await parts.daemon.client.runtime.ExecSync({
    containerId: id,
    cmd: ["sh", "-c", "for i in $(seq 60); do sleep 5 & done; kill $(jobs -p)"],
    timeout: 20,
  });
  assert.match(`${exitCode} ${stderr}`, /can't fork|Resource temporarily unavailable/);
});

test("default_ulimits are those of every process in a container", async () => {
  await using pod = await livePod(parts.daemon);
  const id = await pod.run();
  for (const pid of ["self", (await pod.sh(id, "pgrep -x top")).trim()]) {
    const limits = await pod.sh(id, `cat /proc/${pid}/limits`);
    assert.match(limits, /^Max open files +2000 +2000 /m);
    assert.match(limits, /^Max core file size +0 +4096 /m);
    assert.match(limits, /^Max locked memory +65536 +65536 /m);
  }
});

test("a limit that does not exist keeps the daemon from starting, by key and value", async () => {
  const settings = { "crio.runtime": { default_ulimits: ["nofiles=1000"] } };
  await assert.rejects(startDaemon({ settings }), /default_ulimits is \["nofiles=1000"\]/);
});
