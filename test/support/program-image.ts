/** An image of the machine's own busybox, for tests that need one with a configuration of their own. */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, linkSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { BuiltImage, ImageConfig } from "../images/image.ts";
import { rawImage } from "../images/raw-image.ts";
import { MODIFIED } from "../images/tar.ts";

const applets = ["sh", "ls", "cat", "stat", "id", "sleep", "touch", "true", "wc", "grep", "mount"];

export interface ProgramImage {
  config?: ImageConfig & { Volumes?: Record<string, object> };
  /** Puts more into the root file system. */
  fill?: (root: string) => void;
}

/** Builds the image, in its programs' folder /bin what a shell script needs. */
export function programImage({ config = {}, fill }: ProgramImage): BuiltImage {
  const root = mkdtempSync(join(tmpdir(), "critter-image-"));
  try {
    chmodSync(root, 0o755);
    copyProgram("/bin/busybox", root);
    for (const applet of applets) linkSync(join(root, "bin/busybox"), join(root, "bin", applet));
    fill?.(root);
    // The same programs make the same image.
    const stable = ["--numeric-owner", "--sort=name", `--mtime=@${MODIFIED}`];
    const layer = execFileSync("tar", [...stable, "-c", "-C", root, "."], {
      maxBuffer: 256 * 1024 * 1024,
    });
    return rawImage({ layers: [layer], config: { Env: ["PATH=/bin"], Cmd: ["sleep", "inf"], ...config } });
  } finally {
    rmSync(root, { recursive: true });
  }
}

function copyProgram(path: string, root: string): void {
  const libraries = execFileSync("ldd", [path], { encoding: "utf8" }).match(/\/\S+/g) ?? [];
  for (const file of [path, ...libraries]) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    copyFileSync(file, join(root, file));
  }
}
