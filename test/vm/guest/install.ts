/** The machine that is there to be installed: docs/install.md in its first boot, what has become of it in the second. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { BEFORE_REBOOT } from "../install/pod.ts";
import type { Result } from "../job.ts";
import { count, resultOf } from "./suites.ts";

const run = promisify(execFile);
const FIRST = "test/vm/install/first-boot.ts";
const SECOND = "test/vm/install/second-boot.ts";
/** Of one block of commands: emulated, npm takes minutes. */
const PATIENCE = "--test-timeout=2400000";
const DROP_IN = "/run/systemd/system/critter-tests.service.d";

/** Runs the boot's tests; `print` is told what they came to. After the first the machine reboots. */
export async function installBoot(print: (result: Result) => void): Promise<void> {
  const isSecond = existsSync(BEFORE_REBOOT);
  print(await resultOf("install", "runc", () => count(["--test", PATIENCE, isSecond ? SECOND : FIRST])));
  if (!isSecond && existsSync(BEFORE_REBOOT)) await reboot();
}

/** In good order, as `systemctl reboot` does it: the tests' own unit must not cut it short by switching the machine off. */
async function reboot(): Promise<void> {
  await mkdir(DROP_IN, { recursive: true });
  await writeFile(`${DROP_IN}/reboot.conf`, "[Unit]\nSuccessAction=none\nFailureAction=none\n");
  await run("systemctl", ["daemon-reload"]);
  await run("systemctl", ["reboot"]);
  // The unit ends when the shutdown comes to it.
  await new Promise(() => setInterval(() => {}, 60_000));
}
