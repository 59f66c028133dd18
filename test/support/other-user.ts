/** What a user of the machine without rights can do with files: the kernel is asked, as that user. */
import { execFileSync, spawnSync } from "node:child_process";

/** Debian's nobody and nogroup; they own nothing. */
const NOBODY = ["--reuid=65534", "--regid=65534", "--clear-groups"];

export interface Access {
  path: string;
  /** Letters of what is allowed: r, w and, for folders, x. */
  allowed: string;
}

/** Every path at or below `folder`, but for what is below the folders of `except`, with what nobody may do there, if anything. */
export function accessOfNobody(folder: string, except: readonly string[] = []): Access[] {
  const pruned = except.flatMap((path) => ["-path", `${path}/*`, "-prune", "-o"]);
  const paths = execFileSync("find", [folder, ...pruned, "-print"], { maxBuffer: 1 << 26 });
  const script = `while IFS= read -r path; do
    allowed=
    [ -r "$path" ] && allowed=r
    [ -w "$path" ] && allowed=\${allowed}w
    [ -d "$path" ] && [ -x "$path" ] && allowed=\${allowed}x
    [ -n "$allowed" ] && echo "$allowed $path"
  done; true`;
  const asked = spawnSync("setpriv", [...NOBODY, "sh", "-c", script], { input: paths, maxBuffer: 1 << 26 });
  if (asked.status !== 0) throw new Error(`setpriv: ${asked.stderr}`);
  const lines = asked.stdout.toString().split("\n").filter(Boolean);
  return lines.map((line) => {
    const [allowed = ""] = line.split(" ", 1);
    return { allowed, path: line.slice(allowed.length + 1) };
  });
}

/** Runs a program as nobody, and answers its exit status and what it prints. */
export function asNobody(command: string, ...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync("setpriv", [...NOBODY, command, ...args], {
    encoding: "utf8",
  });
  return { status, output: `${stdout}${stderr}` };
}
