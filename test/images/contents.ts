import { DebianTree } from "./debian.ts";
import { pauseProgram } from "./pause-program.ts";
import type { Entry } from "./tar.ts";

/** Debian's packages that the images are made from (names of bookworm). */
export const PACKAGES = [
  ...["busybox", "procps", "util-linux", "coreutils", "nginx", "nginx-common", "libc6"],
  ...[
    "libproc2-0",
    "libsystemd0",
    "libcap2",
    "libgcrypt20",
    "libgpg-error0",
    "liblzma5",
    "libzstd1",
    "liblz4-1",
  ],
  ...["libselinux1", "libpcre2-8-0", "libcrypt1", "libssl3", "zlib1g"],
];

/** The layers that the recipes are put together from. Built once, so that images share them. */
export interface Contents {
  pause: Entry[];
  busybox: Entry[];
  nginx: Entry[];
  hostNetworkNginx: Entry[];
  noNewPrivileges: Entry[];
  predefinedGroup: Entry[];
}

const USERS = ["root:x:0:0:root:/root:/bin/sh", "daemon:x:1:1:daemon:/usr/sbin:/bin/false"];
const WEB_USER = "www-data:x:33:33:www-data:/var/www:/bin/false";
const NOBODY = "nobody:x:65534:65534:nobody:/home:/bin/false";
const GROUPS = ["root:x:0:", "daemon:x:1:", "tty:x:5:", "www-data:x:33:", "users:x:100:", "nogroup:x:65534:"];

/** Fetches the packages and picks out of them what the images hold. */
export async function makeContents(): Promise<Contents> {
  await using debian = await DebianTree.unpack(PACKAGES);
  const users = [...USERS, WEB_USER, NOBODY];
  return {
    pause: [{ path: "pause", type: "file", content: pauseProgram(), mode: 0o755 }],
    busybox: await busybox(debian),
    nginx: await nginx(debian, 80),
    hostNetworkNginx: await nginx(debian, 12003),
    noNewPrivileges: [
      await debian.file("usr/bin/id", "usr/local/bin/effective-id", 0o4755),
      ...(await librariesBeside(debian, "usr/bin/id")),
    ],
    predefinedGroup: accounts(
      [...users, "default-user:x:1000:1000::/home/default-user:/bin/sh"],
      [...GROUPS, "default-user:x:1000:", "group-defined-in-image:x:50000:default-user"],
    ),
  };
}

/** busybox with its programs as hard links, and pgrep and ipcs, which it lacks. */
async function busybox(debian: DebianTree): Promise<Entry[]> {
  const program = await debian.file("bin/busybox");
  return [
    program,
    ...(await applets(debian)).map(
      (name): Entry => ({ path: `bin/${name}`, type: "hardlink", target: "bin/busybox" }),
    ),
    await debian.file("usr/bin/pgrep"),
    await debian.file("usr/bin/ipcs"),
    ...(await debian.libraries("bin/busybox", "usr/bin/pgrep", "usr/bin/ipcs")),
    ...accounts([...USERS, WEB_USER, NOBODY], GROUPS),
    { path: "root", type: "directory", mode: 0o700 },
    { path: "tmp", type: "directory", mode: 0o1777 },
    ...["dev", "home", "proc", "run", "sys", "var/www"].map((path): Entry => ({ path, type: "directory" })),
    { path: "var/run", type: "symlink", target: "../run" },
  ];
}

async function applets(debian: DebianTree): Promise<string[]> {
  const list = await debian.run("bin/busybox", "--list");
  return list.split("\n").filter((name) => name !== "" && name !== "busybox");
}

/** nginx in the foreground with its logs on the container's streams; stands on the layer of busybox. */
async function nginx(debian: DebianTree, port: number): Promise<Entry[]> {
  return [
    await debian.file("usr/sbin/nginx"),
    ...(await librariesBeside(debian, "usr/sbin/nginx")),
    await debian.file("etc/nginx/mime.types"),
    file("etc/nginx/nginx.conf", nginxConfiguration(port)),
    file("usr/share/nginx/html/index.html", WELCOME),
    ...["var/lib/nginx", "var/log/nginx"].map((path): Entry => ({ path, type: "directory" })),
  ];
}

/** A program's libraries, but for those that the layer of busybox has already. */
async function librariesBeside(debian: DebianTree, program: string): Promise<Entry[]> {
  const below = new Set((await debian.libraries("bin/busybox")).map((entry) => entry.path));
  return (await debian.libraries(program)).filter((entry) => !below.has(entry.path));
}

function accounts(users: string[], groups: string[]): Entry[] {
  return [file("etc/passwd", lines(users)), file("etc/group", lines(groups))];
}

/** A text file of a layer. */
export function file(path: string, text: string): Entry {
  return { path, type: "file", content: Buffer.from(text) };
}

function lines(texts: string[]): string {
  return `${texts.join("\n")}\n`;
}

function nginxConfiguration(port: number): string {
  return `daemon off;
user www-data;
worker_processes 1;
pid /var/run/nginx.pid;
error_log /dev/stderr notice;
events { worker_connections 64; }
http {
  include mime.types;
  access_log /dev/stdout;
  server {
    listen ${port};
    root /usr/share/nginx/html;
  }
}
`;
}

const WELCOME = `<!DOCTYPE html>
<html>
<head><title>Welcome to nginx!</title></head>
<body><h1>Welcome to nginx!</h1></body>
</html>
`;
