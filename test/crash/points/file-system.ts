/** Points of what changes the file system: Node's calls, synchronous and not. */
import fs, { type PathLike } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { die, Step } from "./control.ts";

type Call = (...args: never[]) => unknown;

const changes = [
  ...["appendFile", "chmod", "chown", "copyFile", "lchown", "link", "mkdir", "mkdtemp", "rename", "rm"],
  ...["rmdir", "symlink", "truncate", "unlink", "writeFile"],
];
/** Calls on a descriptor: what it is of is not known here. */
const descriptorChanges = ["fchmod", "fchown", "fdatasync", "fsync", "ftruncate", "writeSync"];

/** Lets every change of the file system be a point, before anything has imported the calls. */
export function watchFileSystem(): void {
  for (const name of changes) {
    wrapSync(fs, `${name}Sync`, (args) => pathsOf(name, args));
    wrapAsync(fs.promises, name, (args) => pathsOf(name, args));
  }
  for (const name of descriptorChanges) {
    wrapSync(fs, name.endsWith("Sync") ? name : `${name}Sync`, () => "descriptor");
  }
  wrapSync(fs, "openSync", ([path, flags]) => (isWriting(flags) ? shown(path) : undefined));
  halveWrites();
  halveRemovals();
  syncBuiltinESMExports();
}

/** Renames and links have two paths. */
function pathsOf(name: string, args: unknown[]): string {
  const count = ["copyFile", "link", "rename", "symlink"].includes(name) ? 2 : 1;
  return args.slice(0, count).map(shown).join(" to ");
}

function shown(path: unknown): string {
  return typeof path === "number" ? "descriptor" : String(path as PathLike);
}

function isWriting(flags: unknown): boolean {
  if (typeof flags === "number") return (flags & 3) !== 0;
  return typeof flags === "string" && flags !== "r";
}

function wrapSync(object: object, name: string, targetOf: (args: unknown[]) => string | undefined): void {
  const calls = object as Record<string, Call>;
  const original = calls[name] as (...args: unknown[]) => unknown;
  calls[name] = (...args: unknown[]) => {
    const target = targetOf(args);
    if (target === undefined) return original(...args);
    const step = new Step(name, target);
    step.pass("before");
    const result = original(...args);
    step.pass("after");
    return result;
  };
}

function wrapAsync(object: object, name: string, targetOf: (args: unknown[]) => string): void {
  const calls = object as Record<string, Call>;
  const original = calls[name] as (...args: unknown[]) => Promise<unknown>;
  calls[name] = async (...args: unknown[]) => {
    const step = new Step(name, targetOf(args));
    step.pass("before");
    const result = await original(...args);
    step.pass("after");
    return result;
  };
}

/** A file that is written in one call can be cut off in the middle of it. */
function halveWrites(): void {
  const original = fs.writeFileSync;
  fs.writeFileSync = ((path: fs.PathOrFileDescriptor, data: string, options?: fs.WriteFileOptions) => {
    const isCut = typeof data === "string" && data.length > 1 && !/^\/(proc|sys)\//.test(shown(path));
    const half = isCut && new Step("writeFileSync", shown(path)).isAt("in the middle of");
    if (!half) return original(path, data, options);
    original(path, data.slice(0, data.length / 2), options);
    die();
  }) as typeof fs.writeFileSync;
}

/** A folder that is removed in one call can be left half removed. */
function halveRemovals(): void {
  const original = fs.rmSync;
  fs.rmSync = (path, options) => {
    const [first, second] = options?.recursive ? entriesOf(path) : [];
    const half = second !== undefined && new Step("rmSync", shown(path)).isAt("in the middle of");
    if (!half) return original(path, options);
    original(join(shown(path), first!), { recursive: true });
    die();
  };
}

function entriesOf(path: PathLike): string[] {
  try {
    return fs.readdirSync(path);
  } catch {
    return [];
  }
}
