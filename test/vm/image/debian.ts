/** A folder with Debian sid, by mmdebstrap, from the archive that this machine's own packages come from. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { INITRD_MODULES, PACKAGES } from "./packages.ts";

const run = promisify(execFile);
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Installs the packages into `folder`. Rejects with the end of what mmdebstrap said. */
export async function installDebian(folder: string): Promise<void> {
  const args = [
    ...["--mode=root", "--variant=minbase", "--quiet"],
    // An archive behind a mirror that stands still has outdated lists.
    `--aptopt=Acquire::Check-Valid-Until "false"`,
    `--aptopt=Acquire::Languages "none"`,
    `--essential-hook=${smallInitrd()}`,
    `--include=${PACKAGES.join(",")}`,
    ...["sid", folder, `deb [signed-by=${KEYRING}] ${await archive()} sid main`],
  ];
  try {
    await run("nice", ["mmdebstrap", ...args], { maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr ?? "";
    throw new Error(`mmdebstrap failed:\n${said.trimEnd().split("\n").slice(-20).join("\n")}`, {
      cause: error,
    });
  }
}

async function archive(): Promise<string> {
  const format = ["--format", "$(REPO_URI) $(LABEL)", "Created-By: Packages"];
  const { stdout } = await run("apt-get", ["indextargets", ...format]);
  const line = stdout.split("\n").find((candidate) => candidate.endsWith(" Debian"));
  if (!line) throw new Error("none of apt's sources is Debian's archive");
  return line.split(" ")[0]!;
}

/** A shell command that leaves all drivers but the disk's out of the initrd, before the kernel's package makes it. */
function smallInitrd(): string {
  return [
    `mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"`,
    `echo MODULES=list > "$1/etc/initramfs-tools/conf.d/critter"`,
    `printf '%s\\n' ${INITRD_MODULES.join(" ")} > "$1/usr/share/initramfs-tools/modules.d/critter"`,
  ].join(" && ");
}
