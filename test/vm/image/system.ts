/** What is set in the machine's file system: its disks, its console, the unit that runs the tests. */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Name of the virtio-serial port on which the tests print. */
export const OUTPUT_PORT = "critter.output";

/** Units that only cost time here: each boot is the first and the last. */
const MASKED = [
  "apt-daily.timer",
  "apt-daily-upgrade.timer",
  "docker-registry.service",
  "dpkg-db-backup.timer",
  "e2scrub_all.timer",
  "e2scrub_reap.service",
  "fstrim.timer",
  // /tmp is on the disk, as the tests have it elsewhere.
  "tmp.mount",
];

/** The profiles of Debian's that concern containers; to load the other hundred takes half a minute. */
const PROFILES = ["crun", "runc", "unprivileged_userns"];

const fstab = `LABEL=root / ext4 defaults,noatime 0 0
LABEL=payload /payload ext4 defaults,noatime 0 0
LABEL=cache /cache ext4 defaults,noatime 0 0
`;

/** The machine is done with the tests' end; without a `start` on the payload it stays for whoever is at the console. */
const testsUnit = `[Unit]
Description=critter's tests
Requires=dbus.service
After=multi-user.target
RequiresMountsFor=/payload /cache
ConditionPathExists=/payload/start
SuccessAction=poweroff-force
FailureAction=poweroff-force

[Service]
# Not oneshot: what is ordered after the unit, as the scopes of a daemon that a test starts are, would wait for the tests' end.
Type=exec
# A busy machine takes longer than systemd's minute and a half.
TimeoutStartSec=infinity
ExecStartPre=udevadm wait /dev/virtio-ports/${OUTPUT_PORT}
ExecStart=/bin/sh -c 'exec /payload/start > /dev/virtio-ports/${OUTPUT_PORT} 2>&1'
LimitNOFILE=1048576
TasksMax=infinity

[Install]
WantedBy=default.target
`;

const autologin = `[Service]
ExecStart=
ExecStart=-/sbin/agetty --autologin root --noreset --noclear --keep-baud 115200 - linux
`;

/** Sets up the file system below `root`, which was made by `installDebian`. */
export async function configureSystem(root: string): Promise<void> {
  const put = async (path: string, text: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  await put("etc/hostname", "critter-vm\n");
  await put("etc/hosts", "127.0.0.1 localhost critter-vm\n::1 localhost\n");
  // Nobody answers there: the machine has no network.
  await put("etc/resolv.conf", "nameserver 192.0.2.53\n");
  // With an id of its own the boot is not systemd's first, which would enable every unit there is.
  await put("etc/machine-id", `${randomBytes(16).toString("hex")}\n`);
  await put("etc/fstab", fstab);
  await put("etc/systemd/system/critter-tests.service", testsUnit);
  await put("etc/systemd/system/serial-getty@ttyS0.service.d/autologin.conf", autologin);
  for (const folder of ["payload", "cache"]) await mkdir(join(root, folder));
  await dropProfiles(join(root, "etc/apparmor.d"));
  const units = join(root, "etc/systemd/system");
  await mkdir(join(units, "default.target.wants"), { recursive: true });
  await symlink("../critter-tests.service", join(units, "default.target.wants/critter-tests.service"));
  for (const unit of MASKED) {
    await rm(join(units, unit), { force: true });
    await symlink("/dev/null", join(units, unit));
  }
}

async function dropProfiles(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  const others = entries.filter((entry) => entry.isFile() && !PROFILES.includes(entry.name));
  for (const { name } of others) await rm(join(folder, name));
}
