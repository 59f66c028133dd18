/** What a pod is called, and where it looks for others' addresses. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Feature } from "../feature.ts";
import type { PodSpec } from "../node/kubernetes.ts";

const containers = [{ name: "main" }];

/** A pod with these fields, of which a script's output is looked at. */
function says(
  name: string,
  fields: Partial<PodSpec>,
  script: string,
  check: (text: string, pod: string) => void,
): Feature {
  return {
    name,
    async run({ pods }) {
      await using pod = await pods.run("names", { ...fields, containers });
      const { metadata } = await pod.untilReady();
      check(await pod.sh("main", script), metadata.name);
    },
  };
}

/** Lines of resolv.conf, without comments and empty ones. */
function settings(resolvConf: string): string[] {
  return resolvConf.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

export const features: readonly Feature[] = [
  says(
    "the hostname is the pod's name, and /etc/hosts has it",
    {},
    "hostname; cat /etc/hosts; hostname -i",
    (text, pod) => {
      const lines = text.split("\n");
      assert.equal(lines[0], pod);
      assert.ok(lines.includes("127.0.0.1\tlocalhost"));
      const ip = lines.at(-1);
      assert.ok(lines.includes(`${ip}\t${pod}`), text);
    },
  ),
  says("hostname", { hostname: "chosen" }, "hostname; hostname -f", (text) =>
    assert.equal(text, "chosen\nchosen"),
  ),
  says(
    "hostname and subdomain: the long name is in /etc/hosts",
    { hostname: "chosen", subdomain: "below" },
    "hostname; hostname -f",
    (text) => assert.equal(text, "chosen\nchosen.below.default.svc.cluster.local"),
  ),
  says(
    "setHostnameAsFQDN",
    { hostname: "chosen", subdomain: "below", setHostnameAsFQDN: true },
    "hostname",
    (text) => assert.equal(text, "chosen.below.default.svc.cluster.local"),
  ),
  says("hostnameOverride", { hostnameOverride: "quite.another.example" }, "hostname", (text) =>
    assert.equal(text, "quite.another.example"),
  ),
  says(
    "hostAliases, with hostNetwork too",
    {
      hostNetwork: true,
      hostAliases: [
        { ip: "192.0.2.1", hostnames: ["one.example", "two.example"] },
        { ip: "2001:db8::1", hostnames: ["six.example"] },
      ],
    },
    "cat /etc/hosts; timeout 1 wget -O /dev/null http://two.example/ 2>&1 | head -n 1",
    (text) => {
      const lines = text.split("\n");
      assert.ok(lines.includes("192.0.2.1\tone.example\ttwo.example"), text);
      assert.ok(lines.includes("2001:db8::1\tsix.example"), text);
      assert.match(lines.at(-1)!, /^Connecting to two.example \(192.0.2.1:80\)/);
    },
  ),
  says(
    "dnsPolicy Default: the machine's resolv.conf",
    { dnsPolicy: "Default" },
    "cat /etc/resolv.conf",
    (text) => {
      const machine = readFileSync("/etc/resolv.conf", "utf8");
      const wanted = settings(machine).filter((line) => /^(nameserver|search)\s/.test(line));
      for (const line of wanted) assert.ok(settings(text).includes(line), `${line} is not in ${text}`);
    },
  ),
  says("dnsPolicy ClusterFirst", { dnsPolicy: "ClusterFirst" }, "cat /etc/resolv.conf", (text) => {
    const lines = settings(text);
    assert.ok(lines.includes("nameserver 192.0.2.53"), text);
    assert.match(text, /^search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/m);
    assert.ok(lines.includes("options ndots:5"), text);
  }),
  says(
    "dnsPolicy None: what dnsConfig says and nothing else",
    {
      dnsPolicy: "None",
      dnsConfig: {
        nameservers: ["192.0.2.1", "192.0.2.2"],
        searches: ["one.example", "two.example"],
        options: [{ name: "ndots", value: "3" }, { name: "edns0" }],
      },
    },
    "cat /etc/resolv.conf",
    (text) =>
      assert.deepEqual(settings(text), [
        "search one.example two.example",
        "nameserver 192.0.2.1",
        "nameserver 192.0.2.2",
        "options ndots:3 edns0",
      ]),
  ),
  says(
    "dnsConfig adds to dnsPolicy ClusterFirst",
    {
      dnsPolicy: "ClusterFirst",
      dnsConfig: { searches: ["more.example"], options: [{ name: "ndots", value: "2" }] },
    },
    "cat /etc/resolv.conf",
    (text) => {
      assert.match(text, /^search .*cluster\.local.* more\.example$/m);
      assert.match(text, /^options ndots:2$/m);
    },
  ),
];
