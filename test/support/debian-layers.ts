/** Layers with all that a filesystem can hold, packed by GNU tar from what Debian has installed on this machine. */
import { execFileSync } from "node:child_process";
import { chownSync, linkSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setXattr } from "../../src/linux/files.ts";

/** Every Debian has them: set-user-ID and set-group-ID programs, hard links, long names, symlinks. */
const PACKAGES = ["passwd", "perl-base", "base-files", "libc-bin", "tar", "ncurses-base"];

/** The archives, base first; `folder` is for what they are packed from. */
export function debianLayers(folder: string): Buffer[] {
  return [base, changes, more].map((fill, index) => {
    const root = join(folder, `layer${index}`);
    mkdirSync(root);
    fill(root);
    // Some builders leave out the folders that a layer does not change: the last one is of that kind.
    return pack(root, fill === more ? "! -type d" : "-true");
  });
}

/** Packs what `find` finds. */
function pack(root: string, which: string): Buffer {
  const tar = "tar --xattrs '--xattrs-include=*' --format=posix --numeric-owner --no-recursion -cf - -T -";
  return execFileSync("sh", ["-c", `find . ${which} | sort | ${tar}`], { cwd: root, maxBuffer: 2 ** 28 });
}

const run = (script: string, cwd: string) => execFileSync("sh", ["-euc", script], { cwd, stdio: "pipe" });

function base(root: string): void {
  const copy = `dpkg -L ${PACKAGES.join(" ")} | grep -E '^/(usr|etc|var)/' | sort -u |
    while read -r path; do if [ -e "$path" ] || [ -L "$path" ]; then echo "$path"; fi; done |
    tar -cf - --no-recursion -C / -T - 2>/dev/null | tar -xpf - -C "$OLDPWD"`;
  run(`cd / && ${copy}`, root);
  run(
    `cp -p usr/bin/perl usr/bin/able && setcap cap_net_raw,cap_net_admin=ep usr/bin/able
     mkdir -p dev tmp opt/a/b/c opt/links opt/full root
     chmod 1777 tmp && chmod 0700 root && chmod 2755 opt/a && chown 1000:1001 opt/a/b
     mknod -m 666 dev/null c 1 3 && mknod -m 660 dev/disk b 8 1 && mkfifo -m 600 dev/pipe
     for i in 1 2 3; do echo $i > opt/full/$i; done
     echo x > opt/a/b/c/file && ln opt/a/b/c/file opt/links/hard && ln -s ../a/b opt/links/soft`,
    root,
  );
  setXattr(join(root, "opt/a/b/c/file"), "user.note", Buffer.from([0, 1, 255, 61]));
  setXattr(join(root, "opt/full"), "user.folder", Buffer.from("kept"));
  chownSync(join(root, "opt/full/3"), 2 ** 31, 2 ** 31 - 1);
  const long = join(root, "opt", "directory/".repeat(20), "name".repeat(60));
  write(long, "long");
  symlinkSync("t".repeat(300), join(root, "opt/long-link"));
}

/** Removes, replaces and hides: files, folders, links, one for another. */
function changes(root: string): void {
  for (const gone of ["dev/.wh.disk", "opt/.wh.long-link", "opt/a/b/.wh.c", "usr/bin/.wh.chsh"]) {
    write(join(root, gone), "");
  }
  write(join(root, "opt/full/.wh..wh..opq"), "");
  write(join(root, "opt/full/2"), "new");
  run("chmod 1750 opt/full && chown 5:6 opt/full", root);
  // A folder for a file, a file for a folder, a link for a folder.
  write(join(root, "usr/bin/able/inside"), "x");
  write(join(root, "opt/directory"), "no folder any more");
  symlinkSync("a", join(root, "opt/links"), "dir");
  write(join(root, "srv/three"), "three");
  write(join(root, "srv/one"), "one");
  linkSync(join(root, "srv/one"), join(root, "srv/two"));
}

/** Hides what was hidden, and brings back what was gone. */
function more(root: string): void {
  write(join(root, "opt/full/.wh..wh..opq"), "");
  write(join(root, "opt/full/3"), "back");
  write(join(root, "opt/a/b/c/other"), "the folder was gone in between");
  // Not one of two links: overlayfs goes on counting what it hides.
  write(join(root, "srv/.wh.three"), "");
  write(join(root, "usr/bin/chsh"), "back");
  run("chmod 4711 usr/bin/chsh && mknod dev-null c 1 3", root);
}

function write(path: string, content: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })) rmSync(path, { recursive: true });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
