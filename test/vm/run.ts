// Tests critter in a machine with systemd, cgroup v2, AppArmor, crun and a new runc:
//   npm run test:vm -- [--only critest|conformance|e2e|apparmor|kubelet|install|power]… [--runtime crun|runc]…
//     [--cgroup-manager systemd|cgroupfs] [--names REGEXP] [--files PART]… [--rounds N] [--seed N] [--time-limit MINUTES] [--log] [--shell]
// --rounds is how often the power is cut, 5 times by default; --seed, from the time by default, is for when, and what goes on then.
// --log prints what the service has logged after critest and conformance.
// --shell boots the machine without a job: its console is a socket, nothing limits its time, and
// `mount -t 9p -o trans=virtio host /mnt` shows this checkout in it.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { ensureCacheDisk } from "./cache-disk.ts";
import { ensureMachineImage, machineCache } from "./image/image.ts";
import {
  CGROUP_MANAGERS,
  INSTALL_ARGUMENT,
  type Job,
  type OciRuntime,
  RESULT_MARK,
  type Result,
  RUNTIMES,
  SUITES,
  type Suite,
} from "./job.ts";
import { type MachineOptions, runMachine } from "./machine.ts";
import { makePayload } from "./payload.ts";
import { cutPower } from "./power/cuts.ts";
import { report } from "./report.ts";

/** Measured: what takes a second on the machine that emulates takes ten and more in the emulated one. */
const SLOW = 15;

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    runtime: { type: "string", multiple: true },
    "cgroup-manager": { type: "string", default: CGROUP_MANAGERS[0] },
    names: { type: "string", default: "" },
    files: { type: "string", multiple: true, default: [] },
    rounds: { type: "string", default: "5" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    "time-limit": { type: "string", default: "240" },
    log: { type: "boolean", default: false },
    shell: { type: "boolean", default: false },
  },
});
const suites = chosen<Suite>("--only", values.only, SUITES);
const job: Job = {
  suites: suites.filter((suite) => suite !== "install" && suite !== "power"),
  runtimes: chosen<OciRuntime>("--runtime", values.runtime, RUNTIMES),
  cgroupManager: chosen("--cgroup-manager", [values["cgroup-manager"]], CGROUP_MANAGERS)[0]!,
  names: values.names,
  files: values.files,
  log: values.log,
  slow: SLOW,
};

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort());
const image = await ensureMachineImage(console.log);
const cache = await ensureCacheDisk();
const folder = await mkdtemp(join(machineCache(), "run-"));
const results: Result[] = [];
const boots = suites.includes("install") ? 2 : 0;
const cuts = suites.includes("power") ? 1 : 0;
const expected = job.suites.length * job.runtimes.length + boots + cuts;
let failure: unknown;
try {
  const payload = await makePayload(folder, values.shell ? undefined : job);
  if (values.shell) console.log(`socat -,raw,echo=0,escape=0x1d UNIX-CONNECT:${folder}/console.sock`);
  const machine: MachineOptions = {
    image,
    disks: [payload, cache],
    folder,
    ...(values.shell && { shared: join(import.meta.dirname, "..", "..") }),
    timeLimit: values.shell ? 0 : Number(values["time-limit"]),
    signal: stopping.signal,
    onLine: (line) => {
      if (line.startsWith(RESULT_MARK)) results.push(JSON.parse(line.slice(RESULT_MARK.length)));
      else console.log(line);
    },
  };
  if (values.shell || job.suites.length > 0) await runMachine(machine);
  if (boots > 0 && !values.shell) await install(machine);
  if (cuts > 0 && !values.shell) results.push(await power(machine));
} catch (error) {
  failure = error;
} finally {
  // A kernel that panics ends the machine without an error of qemu's.
  const isWhole = !failure && (values.shell || results.length === expected);
  if (!isWhole && !stopping.signal.aborted) console.log(await lastOfConsole());
  await rm(folder, { recursive: true, force: true });
}
if (!values.shell) conclude();

/** A machine of its own, whose disk is what is left of the first boot in the second. */
async function install(machine: MachineOptions): Promise<void> {
  const ownDisk = await copyOfDisk();
  for (let boot = 0; boot < boots; boot++) {
    const before = results.length;
    await runMachine({ ...machine, ownDisk, kernelArguments: [INSTALL_ARGUMENT] });
    if (results.length === before) return;
  }
}

/** The same for the machine whose power goes. */
async function power(machine: MachineOptions): Promise<Result> {
  const shared = await mkdtemp(join(folder, "shared-"));
  const ownDisk = await copyOfDisk();
  // The image's file system has no journal, as those that nobody needs after a crash.
  await promisify(execFile)("tune2fs", ["-j", ownDisk]);
  return cutPower({
    machine: { ...machine, ownDisk, shared },
    runtime: job.runtimes[0]!,
    rounds: Number(values.rounds),
    seed: Number(values.seed),
  });
}

async function copyOfDisk(): Promise<string> {
  const copy = join(folder, "system.ext4");
  await promisify(execFile)("cp", ["--sparse=always", "--reflink=auto", image.disk, copy]);
  return copy;
}

function conclude(): void {
  if (failure) console.log(`the machine: ${(failure as Error).message}`);
  const lost = expected - results.length;
  if (lost > 0) console.log(`${lost} of ${expected} suites came to no result`);
  console.log(report(results));
  process.exitCode = failure || lost > 0 || results.some(({ failed }) => failed > 0) ? 1 : 0;
}

async function lastOfConsole(): Promise<string> {
  const text = await readFile(join(folder, "console.log"), "utf8").catch(() => "");
  return text.trimEnd().split("\n").slice(-40).join("\n");
}

function chosen<Name extends string>(
  option: string,
  given: string[] | undefined,
  all: readonly Name[],
): Name[] {
  const wrong = given?.find((name) => !all.includes(name as Name));
  if (wrong !== undefined) throw new Error(`${option} is ${wrong}: ${all.join(" or ")}`);
  return all.filter((name) => given?.includes(name) ?? true);
}
