/** What happens to a network between ADD and DEL: pods can leave it all the same, or once it is mended, and leave nothing there. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Conflist, changeNetwork } from "../support/conflist.ts";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { removePod } from "../support/pods.ts";
import { onlyFaulty } from "./cni-pods.ts";
import type { Fault } from "./fault.ts";
import type { ProgramsBed } from "./programs-bed.ts";
import { refused } from "./refused.ts";

async function networkReady({ daemon }: ProgramsBed): Promise<[boolean | undefined, string | undefined]> {
  const { status } = await daemon.client.runtime.Status({}, { timeout: 5_000 });
  const condition = status?.conditions.find(({ type }) => type === "NetworkReady");
  return [condition?.status, condition?.message];
}

async function becomesReady(bed: ProgramsBed, ready: boolean, cause = /^$/): Promise<void> {
  await eventually(async () => {
    const [is, message = ""] = await networkReady(bed);
    assert.equal(is, ready);
    assert.match(message, cause);
  });
}

const conflistOf = ({ daemon }: ProgramsBed) => join(daemon.network.confDir, "10-bridge.conflist");
const attachmentOf = ({ daemon }: ProgramsBed, id: string) =>
  join(daemon.folder, "root", "cni", `${id}-eth0.json`);

function bridgeOf({ plugins }: Conflist): { ipam: { ranges: object[][] } } {
  return plugins[0] as unknown as { ipam: { ranges: object[][] } };
}

/** A fault that the network of a pod meets, which must then leave. */
function between(
  name: string,
  short: boolean,
  meet: (bed: ProgramsBed, id: string) => void | Promise<void>,
): Fault<ProgramsBed> {
  return {
    name,
    short,
    async inflict(bed) {
      const portMappings = [{ containerPort: 80, hostPort: 21_998 }];
      const pod = await livePod(bed.daemon, { portMappings });
      await meet(bed, pod.id);
      await removePod(bed.daemon, pod.id);
      await bed.servesOthers();
    },
  };
}

export const cniBetween: Fault<ProgramsBed>[] = [
  {
    name: "the first plugin has done all and then fails, the last one fails at DEL once",
    short: true,
    async inflict(bed) {
      const config = bed.faultyConfig();
      bed.bridge.fault("ADD", onlyFaulty("cat | $real >/dev/null; echo half >&2; exit 1"));
      await refused(bed.runFaulty(config), "UNKNOWN", /"bridge": ADD: exit code 1, and said "half"/);
      await bed.leftNothing();
      bed.bridge.heal("ADD");
      bed.late.fault("ADD", onlyFaulty("kill -9 $$"));
      await refused(bed.runFaulty(config), "UNKNOWN", /"late": ADD: killed by SIGKILL/);
      await bed.leftNothing();
      bed.late.heal("ADD");
      const pod = await bed.runFaulty(config);
      bed.late.fault("DEL", onlyFaulty(`[ -e $faults.once ] || { : >$faults.once; exit 9; }`));
      const stopping = bed.daemon.client.runtime.StopPodSandbox({ podSandboxId: pod.id });
      await refused(stopping, "UNKNOWN", /"late": DEL: exit code 9/);
      await pod[Symbol.asyncDispose]();
    },
  },
  {
    name: "a plugin is gone, and comes back",
    short: true,
    async inflict(bed) {
      const pod = await bed.faultyPod();
      bed.late.vanish();
      const stopping = bed.daemon.client.runtime.StopPodSandbox({ podSandboxId: pod.id });
      await refused(stopping, "FAILED_PRECONDITION", /no such plugin in/);
      await becomesReady(bed, false, /no plugin "late" in/);
      await refused(bed.faultyPod(), "FAILED_PRECONDITION", /"late"/);
      bed.late.comeBack();
      await becomesReady(bed, true);
      await pod[Symbol.asyncDispose]();
    },
  },
  between("the configuration is deleted", false, async (bed, id) => {
    const path = conflistOf(bed);
    renameSync(path, `${path}.away`);
    try {
      await becomesReady(bed, false, /no network configuration in/);
      await refused(livePod(bed.daemon), "FAILED_PRECONDITION", /network is not ready/);
      await bed.daemon.client.runtime.StopPodSandbox({ podSandboxId: id });
    } finally {
      renameSync(`${path}.away`, path);
    }
    await becomesReady(bed, true);
  }),
  between("the configuration becomes rubbish, and a folder", false, async (bed) => {
    const path = conflistOf(bed);
    const before = readFileSync(path);
    for (const rubbish of ["{", "\0\0\0", "[]", `{"cniVersion":"1.0.0","name":5,"plugins":[]}`]) {
      writeFileSync(path, rubbish);
      await becomesReady(bed, false, /10-bridge\.conflist/);
    }
    writeFileSync(path, before);
    await becomesReady(bed, true);
  }),
  between("the bridge is deleted", true, ({ daemon }) => {
    execFileSync("ip", ["link", "delete", daemon.network.bridge]);
  }),
  between("what is remembered of the attachment is deleted", false, (bed, id) => {
    rmSync(attachmentOf(bed, id));
  }),
  between("what is remembered of the attachment is rubbish", true, (bed, id) => {
    writeFileSync(attachmentOf(bed, id), `{"network":{"plugins":7}}`);
  }),
  between("the leases are deleted", false, ({ daemon }) => {
    for (const name of readdirSync(daemon.network.leaseDir)) {
      if (/^[0-9.]+$/.test(name)) rmSync(join(daemon.network.leaseDir, name));
    }
  }),
  {
    name: "no address is left, until a pod goes",
    async inflict(bed) {
      const { subnet } = bed.daemon.network;
      let before: object[][] = [];
      await changeNetwork(bed.daemon, (conflist) => {
        before = bridgeOf(conflist).ipam.ranges;
        const range = { subnet: `${subnet}.0/22`, rangeStart: `${subnet}.200`, rangeEnd: `${subnet}.201` };
        bridgeOf(conflist).ipam.ranges = [[range]];
      });
      try {
        const first = await livePod(bed.daemon);
        await using _ = await livePod(bed.daemon);
        const config = bed.faultyConfig();
        await refused(bed.runFaulty(config), "UNKNOWN", /no IP addresses available in range/);
        await first[Symbol.asyncDispose]();
        await using third = await bed.runFaulty(config);
        assert.ok(existsSync(join(bed.daemon.network.leaseDir, (await third.status()).network!.ip)));
      } finally {
        await changeNetwork(bed.daemon, (conflist) => (bridgeOf(conflist).ipam.ranges = before));
      }
    },
  },
];
