// Shell scripts for plugins: they note what they were told, or fail in the ways that plugins do.
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { redirectLog } from "../log.ts";
import { Cni, type CniOptions, type PodAttachment } from "./cni.ts";

const result = '{"cniVersion":"1.1.0","ips":[{"address":"10.9.9.9/24"}],"note":"PLUGIN"}';

/** Appends what it is told to `calls`, a line of JSON a call, and answers ADD with a result. */
const recorder = `
read -r config
printf '%s\\n' "{\\"command\\":\\"$CNI_COMMAND\\",\\"id\\":\\"$CNI_CONTAINERID\\",\\"netns\\":\\"$CNI_NETNS\\",\\"ifName\\":\\"$CNI_IFNAME\\",\\"args\\":\\"$CNI_ARGS\\",\\"path\\":\\"$CNI_PATH\\",\\"config\\":$config}" >> CALLS
[ "$CNI_COMMAND" = ADD ] && printf '%s' '${result}'
exit 0`;

interface Call {
  command: string;
  id: string;
  netns: string;
  ifName: string;
  args: string;
  path: string;
  config: Record<string, unknown> & { type: string };
}

function setUp(t: TestContext, scripts: Record<string, string>, options: Partial<CniOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "critter-cni-faults-"));
  const paths = {
    networkDir: join(folder, "net.d"),
    bin: join(folder, "bin"),
    cacheDir: join(folder, "cache"),
  };
  const calls = join(folder, "calls");
  mkdirSync(paths.networkDir);
  mkdirSync(paths.bin);
  const writePlugin = (type: string, script: string) => {
    const text = script.replaceAll("CALLS", calls).replaceAll("PLUGIN", type).replaceAll("FOLDER", folder);
    writeFileSync(join(paths.bin, type), `#!/bin/sh\n${text}\n`);
    chmodSync(join(paths.bin, type), 0o755);
  };
  for (const [type, script] of Object.entries(scripts)) writePlugin(type, script);
  const cni = new Cni({
    networkDir: paths.networkDir,
    pluginDirs: [paths.bin],
    cacheDir: paths.cacheDir,
    ...options,
  });
  const logged: string[] = [];
  const restoreLog = redirectLog((line) => logged.push(line));
  t.after(() => {
    cni.close();
    restoreLog();
    rmSync(folder, { recursive: true });
  });
  return {
    ...paths,
    folder,
    cni,
    logged,
    writePlugin,
    writeNetwork: (content: object, file = "10-net.conflist") =>
      writeFileSync(join(paths.networkDir, file), JSON.stringify({ name: "net", ...content })),
    calls: (): Call[] =>
      existsSync(calls)
        ? readFileSync(calls, "utf8")
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line))
        : [],
    forget: () => rmSync(calls, { force: true }),
  };
}

const pod = (more: Partial<PodAttachment> = {}): PodAttachment => ({
  id: "abc",
  name: "web",
  namespace: "shop",
  uid: "u1",
  netns: "/proc/self/ns/net",
  portMappings: [{ protocol: "TCP", containerPort: 80, hostPort: 8080, hostIp: "" }],
  annotations: { "kubernetes.io/egress-bandwidth": "1M" },
  ...more,
});

/** Resolves once `cni` has the readiness asked for. */
function becomes(cni: Cni, ready: boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (cni.status().ready === ready) resolve();
    };
    cni.onChange(look);
    look();
  });
}

test("every command is told what the specification says", async (t) => {
  const room = setUp(t, { first: recorder, second: recorder });
  room.writeNetwork({
    cniVersion: "1.0.0",
    cniVersions: ["1.0.0", "1.1.0"],
    plugins: [
      { type: "first", capabilities: { portMappings: true, bandwidth: false }, key: "kept" },
      { type: "second", capabilities: { bandwidth: true, dns: true } },
    ],
  });
  room.cni.start();
  await becomes(room.cni, true);
  assert.deepEqual(
    room.calls().map(({ command, config }) => [command, config.type, config.cniVersion]),
    [
      ["STATUS", "first", "1.1.0"],
      ["STATUS", "second", "1.1.0"],
    ],
  );

  room.forget();
  assert.deepEqual((await room.cni.add(pod())).ips, ["10.9.9.9"]);
  const [first, second] = room.calls();
  assert.equal(
    first?.args,
    "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=abc;K8S_POD_UID=u1",
  );
  assert.deepEqual(
    [first?.command, first?.id, first?.netns, first?.ifName, first?.path],
    ["ADD", "abc", pod().netns, "eth0", room.bin],
  );
  assert.deepEqual(first?.config, {
    type: "first",
    key: "kept",
    name: "net",
    cniVersion: "1.1.0",
    runtimeConfig: { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }] },
  });
  assert.deepEqual(second?.config.prevResult, JSON.parse(result.replace("PLUGIN", "first")));
  assert.deepEqual(second?.config.runtimeConfig, {
    bandwidth: { egressRate: 1e6, egressBurst: 2 ** 31 - 1 },
  });

  const final = JSON.parse(result.replace("PLUGIN", "second"));
  room.forget();
  await room.cni.check(pod());
  await room.cni.gc([{ containerId: "abc", ifName: "eth0" }]);
  const [check, , gc] = room.calls();
  assert.deepEqual(
    room.calls().map(({ command, config }) => `${command} ${config.type}`),
    ["CHECK first", "CHECK second", "GC first", "GC second"],
  );
  assert.deepEqual(check?.config.prevResult, final);
  assert.deepEqual(gc?.config["cni.dev/valid-attachments"], [{ containerID: "abc", ifname: "eth0" }]);
  assert.deepEqual([gc?.id, gc?.netns, gc?.ifName], ["", "", ""]);

  // DEL goes by the configuration of ADD, whatever the folder says by now.
  room.forget();
  room.writeNetwork({ cniVersion: "1.0.0", plugins: [{ type: "absent" }] });
  await becomes(room.cni, false);
  assert.match(room.cni.status().message, /no plugin "absent" in /);
  await room.cni.remove(pod({ netns: "", portMappings: [] }));
  const deleted = room.calls();
  assert.deepEqual(
    deleted.map(({ command, config }) => `${command} ${config.type}`),
    ["DEL second", "DEL first"],
  );
  for (const { config } of deleted) assert.deepEqual(config.prevResult, final);
  assert.deepEqual(deleted[1]?.config.runtimeConfig, first?.config.runtimeConfig);
});

test("old versions are not told what they do not know", async (t) => {
  const room = setUp(t, { first: recorder });
  room.writeNetwork({ cniVersion: "0.3.1", plugins: [{ type: "first" }] });
  room.cni.start();
  await room.cni.add(pod());
  await room.cni.check(pod());
  await room.cni.gc([{ containerId: "abc", ifName: "eth0" }]);
  await room.cni.gc([]);
  assert.deepEqual(
    room.calls().map(({ command }) => command),
    ["ADD", "DEL"],
  );
  assert.equal(room.calls()[1]?.config.prevResult, undefined);
});

test("disableCheck and disableGC are obeyed", async (t) => {
  const room = setUp(t, { first: recorder });
  room.writeNetwork({
    cniVersion: "1.1.0",
    disableCheck: true,
    disableGC: true,
    plugins: [{ type: "first" }],
  });
  room.cni.start();
  await becomes(room.cni, true);
  await room.cni.add(pod());
  room.forget();
  await room.cni.check(pod());
  await room.cni.gc([{ containerId: "abc", ifName: "eth0" }]);
  assert.deepEqual(room.calls(), []);
});

test("a plugin that fails is quoted, and DEL of all takes back what was done", async (t) => {
  const error = '{"cniVersion":"1.0.0","code":11,"msg":"no address left","details":"range 10.9.9.0/24"}';
  const failing = `[ "$CNI_COMMAND" = ADD ] || exec FOLDER/bin/first\necho trouble >&2; printf '%s' '${error}'; exit 1`;
  const room = setUp(t, { first: recorder, failing });
  room.writeNetwork({ cniVersion: "1.0.0", plugins: [{ type: "first" }, { type: "failing" }] });
  room.cni.start();
  await assert.rejects(room.cni.add(pod()), {
    code: 14,
    cniCode: 11,
    message: 'CNI network "net": plugin "failing": ADD: no address left; range 10.9.9.0/24 (code 11)',
  });
  await room.cni.remove(pod());
  assert.deepEqual(
    room.calls().map(({ command, config }) => `${command} ${config.type}`),
    ["ADD first", "DEL failing", "DEL first"],
  );
  assert.deepEqual(readdirSync(room.cacheDir), []);
  assert.ok(room.logged.some((line) => line.includes("trouble") && line.includes('"plugin":"failing"')));
});

test("an attachment whose DEL failed is kept, and GC tries again", async (t) => {
  const stubborn = `[ -e FOLDER/healed ] && exec FOLDER/bin/first\necho broken >&2; exit 3`;
  const room = setUp(t, { first: recorder, stubborn });
  room.writeNetwork({ cniVersion: "1.0.0", plugins: [{ type: "stubborn" }] });
  room.cni.start();
  await assert.rejects(room.cni.add(pod()), /ADD: exit code 3, and said "broken"/);
  assert.equal(readdirSync(room.cacheDir).length, 1);
  await assert.rejects(room.cni.gc([]), /DEL: exit code 3/);
  writeFileSync(join(room.folder, "healed"), "");
  await room.cni.gc([]);
  assert.deepEqual(readdirSync(room.cacheDir), []);
});

test("a plugin that hangs is killed with its children, and named", async (t) => {
  const hanging = `[ "$CNI_COMMAND" = ADD ] || exit 0\nsleep 1000 & echo $! > FOLDER/child; wait`;
  const room = setUp(t, { hanging }, { timeoutMs: 300 });
  room.writeNetwork({ cniVersion: "1.0.0", plugins: [{ type: "hanging" }] });
  room.cni.start();
  await assert.rejects(room.cni.add(pod()), {
    code: 4,
    message: 'CNI network "net": plugin "hanging": ADD: no answer in 0.3 s, killed',
  });
  const child = Number(readFileSync(join(room.folder, "child"), "utf8"));
  // Killed with it, it may yet be about to end.
  while (![undefined, "Z"].includes(stateOf(child))) await new Promise((resolve) => setTimeout(resolve, 5));
  await room.cni.remove(pod());
  assert.deepEqual(readdirSync(room.cacheDir), []);
});

test("an aborted ADD kills the plugin and takes back what was done", async (t) => {
  const hanging = `[ "$CNI_COMMAND" = ADD ] || exec FOLDER/bin/first\n: > FOLDER/started; exec sleep 1000`;
  const room = setUp(t, { first: recorder, hanging });
  room.writeNetwork({ cniVersion: "1.0.0", plugins: [{ type: "first" }, { type: "hanging" }] });
  room.cni.start();
  const abort = new AbortController();
  const added = room.cni.add(pod(), abort.signal);
  added.catch(() => {});
  while (!existsSync(join(room.folder, "started"))) await new Promise((resolve) => setTimeout(resolve, 5));
  abort.abort();
  await assert.rejects(added, { code: 1, message: /"hanging": ADD: cancelled/ });
  await room.cni.remove(pod());
  assert.deepEqual(
    room.calls().map(({ command }) => command),
    ["ADD", "DEL", "DEL"],
  );
  await assert.rejects(room.cni.add(pod(), abort.signal), { code: 1 });
});

test("a child that keeps the plugin's output open does not keep the pod waiting", async (t) => {
  const parent = `sleep 1000 & echo $! > FOLDER/child; [ "$CNI_COMMAND" = ADD ] && printf '%s' '${result}'; exit 0`;
  const room = setUp(t, { parent });
  room.writeNetwork({ cniVersion: "1.0.0", plugins: [{ type: "parent" }] });
  room.cni.start();
  assert.deepEqual((await room.cni.add(pod())).ips, ["10.9.9.9"]);
  process.kill(Number(readFileSync(join(room.folder, "child"), "utf8")));
});

test("garbage, silence and wrong results are shown for what they are", async (t) => {
  const answer = (words: string) => `[ "$CNI_COMMAND" = ADD ] && printf '%s' '${words}'; exit 0`;
  const room = setUp(t, { odd: "" });
  room.writeNetwork({ cniVersion: "1.0.0", plugins: [{ type: "odd" }] });
  room.cni.start();
  const wrong: [string, RegExp][] = [
    ["hello", /plugin "odd": ADD: printed no JSON object but "hello"/],
    ["", /ADD: printed no JSON object but nothing/],
    ["[]", /printed no JSON object but "\[\]"/],
    ['{"ips":[{"address":5}]}', /ADD: wrong result: ips has the address 5/],
  ];
  for (const [words, message] of wrong) {
    room.writePlugin("odd", answer(words));
    await assert.rejects(room.cni.add(pod()), message);
  }
  writeFileSync(join(room.bin, "odd"), "#!/nonexistent/interpreter\n");
  await assert.rejects(room.cni.add(pod()), /ADD: cannot be started: spawn .* ENOENT/);
  room.writePlugin("odd", "exec yes");
  await assert.rejects(room.cni.add(pod()), /ADD: printed without end, killed/);
  room.writePlugin("odd", "kill -9 $$");
  await assert.rejects(room.cni.add(pod()), /ADD: killed by SIGKILL, and said nothing/);
});

test("a record that cannot be read does not keep a pod from leaving", async (t) => {
  const room = setUp(t, { first: recorder });
  room.writeNetwork({ cniVersion: "1.0.0", plugins: [{ type: "first" }] });
  room.cni.start();
  await room.cni.add(pod());
  writeFileSync(join(room.cacheDir, "abc-eth0.json"), "{");
  await room.cni.remove(pod());
  assert.deepEqual(
    room.calls().map(({ command }) => command),
    ["ADD", "DEL"],
  );
  assert.deepEqual(readdirSync(room.cacheDir), []);
});

test("an attachment that a power cut has emptied is deleted from the network in force, with its pod or without", async (t) => {
  const room = setUp(t, { first: recorder });
  room.writeNetwork({ cniVersion: "1.0.0", plugins: [{ type: "first" }] });
  for (const id of ["abc", "def"]) writeFileSync(join(room.cacheDir, `${id}-eth0.json`), "");
  room.cni.start();
  await room.cni.gc([{ containerId: "abc", ifName: "eth0" }]);
  assert.deepEqual(readdirSync(room.cacheDir), ["abc-eth0.json"]);
  await room.cni.gc([]);
  assert.deepEqual(
    room.calls().map(({ command, id, ifName }) => [command, id, ifName]),
    [
      ["DEL", "def", "eth0"],
      ["DEL", "abc", "eth0"],
    ],
  );
  assert.deepEqual(readdirSync(room.cacheDir), []);
});

test("half-written attachments of a daemon before are removed", (t) => {
  const room = setUp(t, {});
  for (const name of ["abc-eth0.json.new", "abc-eth0.json.unreadable", "abc-eth0.json"])
    writeFileSync(join(room.cacheDir, name), "");
  new Cni({ networkDir: room.networkDir, pluginDirs: [], cacheDir: room.cacheDir });
  assert.deepEqual(readdirSync(room.cacheDir), ["abc-eth0.json"]);
});

test("a pod that cannot be described never reaches a plugin", async (t) => {
  const room = setUp(t, { first: recorder });
  room.writeNetwork({ cniVersion: "1.0.0", plugins: [{ type: "first" }] });
  room.cni.start();
  const wrong = pod({ annotations: { "kubernetes.io/ingress-bandwidth": "fast" } });
  await assert.rejects(room.cni.add(wrong), { code: 3 });
  await room.cni.remove(wrong);
  assert.deepEqual(room.calls(), []);
});

test("STATUS decides on readiness", async (t) => {
  const unready = `[ "$CNI_COMMAND" = STATUS ] && { printf '{"code":50,"msg":"waiting for a subnet"}'; exit 1; }; exit 0`;
  const room = setUp(t, { unready, first: recorder });
  room.writeNetwork({ cniVersion: "1.1.0", plugins: [{ type: "unready" }] });
  room.cni.start();
  assert.match(room.cni.status().message, /have not answered STATUS yet/);
  await new Promise<void>((resolve) => room.cni.onChange(resolve));
  assert.deepEqual(room.cni.status(), {
    ready: false,
    reason: "NetworkPluginNotReady",
    message: 'CNI network "net": plugin "unready": STATUS: waiting for a subnet (code 50)',
  });
  room.writeNetwork({ cniVersion: "1.1.0", plugins: [{ type: "first" }] });
  await becomes(room.cni, true);
});

test("the folder is followed: it may come late, change, go and come again", async (t) => {
  const room = setUp(t, { first: recorder });
  rmSync(room.networkDir, { recursive: true });
  room.cni.start();
  assert.equal(room.cni.status().message, `no network configuration in ${room.networkDir}`);
  await assert.rejects(room.cni.add(pod()), {
    code: 9,
    message: /network is not ready: no network configuration in/,
  });
  for (let round = 0; round < 2; round++) {
    mkdirSync(room.networkDir);
    room.writeNetwork({ cniVersion: "1.0.0", plugins: [{ type: "first" }] });
    await becomes(room.cni, true);
    room.writeNetwork({ cniVersion: "8.0.0", plugins: [{ type: "first" }] });
    await becomes(room.cni, false);
    assert.match(room.cni.status().message, /10-net\.conflist: cniVersion is "8\.0\.0"/);
    room.writeNetwork({ cniVersion: "1.0.0", plugins: [{ type: "first" }] });
    await becomes(room.cni, true);
    rmSync(room.networkDir, { recursive: true });
    await becomes(room.cni, false);
  }
});

test("GC runs alone, and a pod on its way in is nobody's leftover", async (t) => {
  const slow = `[ "$CNI_COMMAND" = ADD ] && sleep 0.2\nexec FOLDER/bin/first`;
  const room = setUp(t, { first: recorder, slow });
  room.writeNetwork({ cniVersion: "1.1.0", plugins: [{ type: "slow" }] });
  room.cni.start();
  await becomes(room.cni, true);
  room.forget();
  const added = room.cni.add(pod());
  const collected = room.cni.gc([]);
  const removed = room.cni.remove(pod({ id: "other" }));
  await Promise.all([added, collected, removed]);
  assert.deepEqual(
    room.calls().map(({ command, id }) => `${command} ${id}`.trim()),
    ["DEL other", "ADD abc", "GC"],
  );
  assert.deepEqual(room.calls()[2]?.config["cni.dev/valid-attachments"], [
    { containerID: "abc", ifname: "eth0" },
  ]);
});

/** The process's state letter, undefined when it is gone. */
function stateOf(pid: number): string | undefined {
  try {
    return /^\d+ \(.*\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1];
  } catch {
    return undefined;
  }
}
