/** Makes the fixture of an earlier critter: `node test/upgrade/make-fixture.ts COMMIT` runs it, and packs what it leaves. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { livePod } from "../support/live-pod.ts";
import { type Fixture, fixtureFile, PAUSE } from "./fixture.ts";
import { earlierCritter, LANDED } from "./landed.ts";
import { startEarlier } from "./upgraded-daemon.ts";

const landed = LANDED.find(({ commit }) => commit.startsWith(process.argv[2] ?? "none"));
if (!landed) throw new Error("name one of the commits in landed.ts");

await ensureImages("base");
await using registry = await Registry.start({ storage: storeFolder() });
await using daemon = await startEarlier(earlierCritter(landed), { registry: registry.address });
const { runtime, image } = daemon.client;
await image.PullImage({ image: { image: PAUSE } });

// The pause image's program needs nothing, and is small.
const config = {
  image: { image: PAUSE },
  command: [],
  labels: { kept: "yes" },
  annotations: { note: "for later" },
};
const pod = await livePod(daemon, {
  hostname: "fixture",
  labels: { app: "fixture" },
  annotations: { note: "of the pod" },
  logDirectory: join(daemon.folder, "logs"),
  portMappings: [{ containerPort: 80, hostPort: 21_996 }],
  dnsConfig: { servers: ["10.96.0.10"], searches: ["test"], options: ["ndots:5"] },
});
const running = await pod.run({
  ...config,
  logPath: "running.log",
  envs: [{ key: "A", value: Buffer.from("b") }],
});
const created = await pod.create(config);
const exited = await pod.run(config);
await runtime.StopContainer({ containerId: exited, timeout: 5 });
const { cgroupParent } = daemon;
const securityContext = { namespaceOptions: { network: "NODE" as const, pid: "CONTAINER" as const } };
const onHost = await livePod(daemon, { linux: { cgroupParent, securityContext } });
const stopped = await livePod(daemon);
await runtime.StopPodSandbox({ podSandboxId: stopped.id });

const { finishedAt, exitCode } = await pod.ended(exited);
const fixture: Fixture = {
  landed,
  folder: daemon.folder,
  network: { name: daemon.network.name, bridge: daemon.network.bridge, subnet: daemon.network.subnet },
  pods: { ready: [pod.id, onHost.id], stopped: [stopped.id] },
  containers: { running, created, exited: { id: exited, finishedAt, exitCode } },
  images: (await image.ListImages()).images.map(({ id, repoTags }) => ({ id, repoTags })),
};
await daemon.stop();
writeFileSync(join(daemon.folder, "fixture.json"), `${JSON.stringify(fixture, null, 2)}\n`);
mkdirSync(join(fixtureFile(landed), ".."), { recursive: true });
// Root filesystems that are mounted are not the folder's own: a reboot takes them away.
const options = [
  "--xattrs",
  "--xattrs-include=*",
  "--one-file-system",
  "--numeric-owner",
  "--exclude=critter.lock",
];
execFileSync("tar", [...options, "-czf", fixtureFile(landed), "-C", daemon.folder, "fixture.json", "root"]);
await daemon.start();
for (const one of [pod, onHost, stopped]) await one[Symbol.asyncDispose]();
