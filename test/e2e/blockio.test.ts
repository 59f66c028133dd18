import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { controlFile } from "../support/control-file.ts";
import { refusal } from "../support/cri.ts";
import { livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-blockio-"));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, "blockio.yaml");
const disk = ["/dev/vda", "/dev/sda", "/dev/nvme0n1"].find((path) =>
  statSync(path, { throwIfNoEntry: false }),
);
const skip = disk === undefined && "this machine shows no disk";
const device = disk ? execFileSync("stat", ["-c", "%Hr:%Lr", disk], { encoding: "utf8" }).trim() : "";
writeFileSync(
  file,
  `Classes: { slow: [ { Devices: [ "${disk}" ], ThrottleReadBps: 50M, ThrottleWriteIOPS: 1k } ] }\n`,
);

const parts = suite({ settings: { "crio.runtime": { blockio_config_file: file } } });
const annotation = "blockio.resources.beta.kubernetes.io";

test("a container of a class has its limits, another none", { skip }, async () => {
  await using pod = await livePod(parts.daemon, {
    annotations: { [`${annotation}/container.slow`]: "slow" },
  });
  const of = async (name: string) => {
    const cgroup = parts.daemon.containerCgroup(await pod.create({ metadata: { name } }));
    return [
      controlFile(cgroup, "blkio.throttle.read_bps_device", "io.max"),
      controlFile(cgroup, "blkio.throttle.write_iops_device", "io.max"),
    ];
  };
  const [read, write] = await of("slow");
  assert.match(read!, new RegExp(`^${device} (50000000|rbps=50000000 wbps=max riops=max wiops=1000)$`));
  assert.match(write!, new RegExp(`^${device} (1000|rbps=50000000 wbps=max riops=max wiops=1000)$`));
  assert.deepEqual(await of("other"), ["", ""]);
});

test("a class that there is not is INVALID_ARGUMENT", async () => {
  await using pod = await livePod(parts.daemon, { annotations: { [`${annotation}/pod`]: "fast" } });
  const reason = /^annotation blockio\.resources\.beta\.kubernetes\.io\/pod is "fast": .* slow$/;
  await assert.rejects(pod.create(), refusal("INVALID_ARGUMENT", reason));
});
