// Runs in the machine: installs critter, then each suite of the job with each runtime, and prints a result for each. In a machine
// that is there to be installed, or to lose its power, it is the next boot of that.
import { readFileSync } from "node:fs";
import { storeFolder } from "../../images/store.ts";
import { Registry } from "../../registry/registry.ts";
import { INSTALL_ARGUMENT, type Job, POWER_ARGUMENT, RESULT_MARK, type Result } from "../job.ts";
import { installBoot } from "./install.ts";
import { CritterService, installCritter } from "./service.ts";
import { count, runSuite, testEnv } from "./suites.ts";

// What the tests start finds the images, the tools and the compiled code there.
process.env.CRITTER_CACHE = "/cache";
process.env.NODE_COMPILE_CACHE = "/var/cache/node";
process.env.PATH = `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:${import.meta.dirname}/../../../node_modules/node/bin`;

const job: Job = JSON.parse(readFileSync("/payload/job.json", "utf8"));
process.env.CRITTER_TEST_SLOW = String(job.slow);

const commandLine = readFileSync("/proc/cmdline", "utf8");
const [, power] = new RegExp(`${POWER_ARGUMENT}=(\\S+)`).exec(commandLine) ?? [];
if (commandLine.includes(INSTALL_ARGUMENT)) await installBoot(print);
else if (power) await count(["test/vm/power/boot.ts", power], testEnv(job.runtimes[0]!, job));
else await runSuites();

async function runSuites(): Promise<void> {
  await installCritter();
  const registry = await Registry.start({ storage: storeFolder() });
  for (const runtime of job.runtimes) {
    const service = new CritterService(runtime, job.cgroupManager, registry.address);
    for (const suite of job.suites) {
      console.log(`== ${suite} with ${runtime}`);
      print(await runSuite(suite, runtime, job, service));
    }
  }
  await registry.stop();
}

function print(result: Result): void {
  console.log(RESULT_MARK + JSON.stringify(result));
}
