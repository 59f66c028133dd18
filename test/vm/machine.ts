/** One machine: qemu without KVM and without a network. What it writes to its disks is gone with it, unless it is to keep that. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { MachineImage } from "./image/image.ts";
import { OUTPUT_PORT } from "./image/system.ts";

export interface MachineOptions {
  image: MachineImage;
  /** Raw disks besides the system's; none is changed. */
  disks: string[];
  /** A copy of the image's disk in its place, which keeps what the machine writes. */
  ownDisk?: string;
  /** More of the kernel's command line. */
  kernelArguments?: string[];
  /** A folder of this machine that can be mounted in it, read-only, by 9p under the name `host`. */
  shared?: string;
  /** Folder of `console.sock`, the serial console, and `console.log`, what was written there. */
  folder: string;
  /** Minutes after which it is killed; 0 for none. */
  timeLimit: number;
  /** Called with every line that is printed on the output port. */
  onLine: (line: string) => void;
  signal?: AbortSignal;
}

const KERNEL_ARGUMENTS = [
  "root=/dev/vda rw console=ttyS0 quiet panic=-1",
  "apparmor=1 security=apparmor",
  // Guards against speculation cost an emulated processor much and protect nothing.
  "mitigations=off",
  // The default, said aloud: it is what the machine is for.
  "systemd.unified_cgroup_hierarchy=1",
  // A busy machine takes longer than systemd's minute and a half to find its disks.
  "systemd.default_device_timeout_sec=1800",
].join(" ");

/** Boots a machine and waits until it is off, or wants to be booted again. Rejects when it was killed by the time limit, or failed to start. */
export async function runMachine(options: MachineOptions): Promise<void> {
  const machine = spawn("nice", ["-n", "10", "qemu-system-x86_64", ...args(options)], {
    // Where its standard input ends, qemu takes the output port for closed, and what is written there in the machine waits.
    stdio: ["pipe", "pipe", "inherit"],
  });
  const kill = () => machine.kill("SIGKILL");
  let late = false;
  const timer = options.timeLimit > 0 && setTimeout(() => (late = kill()), options.timeLimit * 60_000);
  options.signal?.addEventListener("abort", kill);
  try {
    createInterface({ input: machine.stdout }).on("line", options.onLine);
    const [code, signal] = await once(machine, "close");
    if (late) throw new Error(`the machine was not done after ${options.timeLimit} minutes`);
    if (code !== 0) throw new Error(`qemu ended with ${signal ?? code}`);
  } finally {
    if (timer) clearTimeout(timer);
    options.signal?.removeEventListener("abort", kill);
    kill();
  }
}

function args({ image, disks, ownDisk, kernelArguments = [], folder, shared }: MachineOptions): string[] {
  const drives = [ownDisk ?? image.disk, ...disks].flatMap((file) => [
    "-drive",
    `file=${file},format=raw,if=virtio,snapshot=${file === ownDisk ? "off" : "on"},cache=unsafe`,
  ]);
  const commandLine = [KERNEL_ARGUMENTS, ...kernelArguments].join(" ");
  return [
    // Both processors on one thread: on two, the kernel's changes to its own code were seen half made, and it panicked now and then.
    ...[
      "-machine",
      "q35",
      "-accel",
      "tcg,thread=single,tb-size=1024",
      "-cpu",
      "max",
      "-smp",
      "2",
      "-m",
      "4G",
    ],
    ...["-nodefaults", "-display", "none", "-no-reboot", "-nic", "none"],
    ...["-kernel", image.kernel, "-initrd", image.initrd, "-append", commandLine],
    ...drives,
    ...["-device", "virtio-rng-pci", "-device", "virtio-serial-pci"],
    ...["-chardev", "stdio,id=output,signal=off"],
    ...["-device", `virtserialport,chardev=output,name=${OUTPUT_PORT}`],
    ...[
      "-chardev",
      `socket,id=console,path=${join(folder, "console.sock")},logfile=${join(folder, "console.log")},server=on,wait=off`,
    ],
    ...["-serial", "chardev:console"],
    ...(shared ? ["-virtfs", `local,path=${shared},mount_tag=host,security_model=none,readonly=on`] : []),
  ];
}
