import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { translateContainerd } from "../../src/config/translate/containerd.ts";
import { livePod } from "../support/live-pod.ts";
import { withNewRunc } from "../support/new-runc.ts";
import { suite } from "../support/suite.ts";

/** What containerd's own defaults come to here, without what the test's daemon has of its own. */
function settings(): Record<string, Record<string, string | string[]>> {
  const folder = mkdtempSync(join(tmpdir(), "critter-moved-"));
  try {
    const file = join(folder, "config.toml");
    writeFileSync(file, "version = 3\n");
    const { taken } = translateContainerd(file);
    const tables: ReturnType<typeof settings> = { "crio.runtime": { default_runtime: "new" } };
    for (const [key, { toml }] of taken) {
      if (/cgroup_manager|default_runtime/.test(key)) continue;
      const [, table, name] = /^(.*)\.(.*)$/.exec(key)!;
      tables[table!] = { ...tables[table!], [name!]: toml as string | string[] };
    }
    return tables;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const pings = "cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/ping_group_range";

describe("a daemon with the configuration of containerd", () => {
  const parts = suite({ ...withNewRunc, settings: settings() });

  it("gives pods containerd's capabilities and sysctls", async () => {
    const { cgroupParent } = parts.daemon;
    await using pod = await livePod(parts.daemon, { linux: { cgroupParent } });
    const id = await pod.run();
    // Those of containerd: CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, NET_RAW, SYS_CHROOT,
    // MKNOD, AUDIT_WRITE and SETFCAP.
    assert.match(await pod.sh(id, "grep CapBnd /proc/self/status"), /00000000a80425fb$/);
    assert.equal(await pod.sh(id, pings), "0\n0\t65535");
  });

  it("starts pods in user namespaces, where the whole range of groups would be refused", async () => {
    const { cgroupParent } = parts.daemon;
    const ids = { containerId: 0, hostId: 262_144, length: 65_536 };
    const usernsOptions = { mode: "POD" as const, uids: [ids], gids: [ids] };
    const securityContext = { namespaceOptions: { usernsOptions } };
    const linux = { cgroupParent, securityContext };
    await using pod = await livePod(parts.daemon, { linux });
    assert.equal(await pod.sh(await pod.run(), pings), "0\n0\t65535");
    const sysctls = { "net.ipv4.ping_group_range": "0 2147483647" };
    await assert.rejects(livePod(parts.daemon, { linux: { ...linux, sysctls } }), /ping_group_range/);
  });
});
