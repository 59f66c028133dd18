/** Sysctls of a pod's own namespaces: safe ones always, others where the kubelet's configuration allows them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Feature } from "../feature.ts";
import type { PodSpec } from "../node/kubernetes.ts";

function withSysctls(sysctls: Record<string, string>): PodSpec {
  const list = Object.entries(sysctls).map(([name, value]) => ({ name, value }));
  return {
    securityContext: { sysctls: list },
    containers: [{ name: "main" }],
  };
}

const fileOf = (name: string) => `/proc/sys/${name.replaceAll(".", "/")}`;

function applies(name: string, sysctls: Record<string, string>): Feature {
  return {
    name,
    async run({ pods }) {
      const names = Object.keys(sysctls);
      const machine = names.map((sysctl) => readFileSync(fileOf(sysctl), "utf8"));
      await using pod = await pods.run("sysctls", withSysctls(sysctls));
      await pod.untilReady();
      const values = await pod.sh("main", names.map((sysctl) => `cat ${fileOf(sysctl)}`).join("; "));
      assert.deepEqual(values.replaceAll("\t", " ").split("\n"), Object.values(sysctls));
      assert.deepEqual(
        names.map((sysctl) => readFileSync(fileOf(sysctl), "utf8")),
        machine,
      );
    },
  };
}

export const features: readonly Feature[] = [
  applies("safe ones", {
    "kernel.shm_rmid_forced": "1",
    "net.ipv4.ip_local_port_range": "20000 20999",
    "net.ipv4.ping_group_range": "0 65535",
    "net.ipv4.ip_unprivileged_port_start": "0",
    "net.ipv4.tcp_syncookies": "0",
    "net.ipv4.tcp_keepalive_time": "601",
  }),
  applies("unsafe ones that allowedUnsafeSysctls names", {
    "kernel.msgmax": "16384",
    "net.core.somaxconn": "321",
  }),
  {
    name: "unsafe ones that it does not name",
    async run({ pods }) {
      await using pod = await pods.run("refused", withSysctls({ "net.ipv4.ip_forward": "1" }));
      const { status } = await pod.untilPhase("Failed");
      assert.equal(status.reason, "SysctlForbidden");
      assert.match(status.message ?? "", /"net.ipv4.ip_forward" not allowlisted/);
    },
  },
];
