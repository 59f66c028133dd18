/** Points of the system calls that the daemon makes by koffi: mounts, namespaces, programs that are started, signals. */
import koffi, { type KoffiFunc } from "koffi";
import { die, Step } from "./control.ts";

/** What a call is about, by the call's name; calls that are not here change nothing. Undefined for one that does not. */
const targets: Record<string, (args: unknown[]) => string | undefined> = {
  mount: ([source, target, type]) =>
    `${type} ${String(source).startsWith("/") ? "of a path" : source} on ${target}`,
  umount2: ([target]) => String(target),
  unshare: ([flags]) => `0x${Number(flags).toString(16)}`,
  setns: () => "",
  sethostname: () => "",
  chroot: ([path]) => String(path),
  mknod: () => "",
  lsetxattr: ([, name]) => String(name),
  syncfs: () => "",
  posix_spawnp: ([, path, , , argv, environment]) => programOf(String(path), argv, environment),
  syscall: ([number, , signal]) => (number === PIDFD_SEND_SIGNAL ? `send signal ${signal}` : undefined),
};

const PIDFD_SEND_SIGNAL = 424;

type NativeCall = KoffiFunc<(...args: unknown[]) => unknown>;

/** How far into a program the daemon dies, in ms: what it has started works on without it. */
const delays = [1, 5, 20, 60];

/** Lets every call of `targets` be a point, before anything has loaded the C library. */
export function watchSystemCalls(): void {
  const load = koffi.load;
  koffi.load = (...args) => {
    const library = load(...args);
    const declare = library.func.bind(library) as (...prototype: unknown[]) => NativeCall;
    const func = (...prototype: unknown[]) => watched(declare(...prototype), String(prototype[0]));
    // The library's own property cannot be set.
    return Object.create(library, { func: { value: func } });
  };
  const kill = process.kill;
  process.kill = (pid, signal) => {
    const step = new Step("kill", `${pid < 0 ? "the group of a process" : "a process"} by ${signal}`);
    step.pass("before");
    kill.call(process, pid, signal);
    step.pass("after");
    return true;
  };
}

function watched(call: NativeCall, prototype: string): NativeCall {
  const name = /(\w+)\s*\(/.exec(prototype)?.[1] ?? "";
  if (name === "waitpid") return watchedEnd(call);
  const targetOf = targets[name];
  if (!targetOf) return call;
  return new Proxy(call, {
    apply(original, _self, args: unknown[]) {
      const target = targetOf(args);
      if (target === undefined) return original(...args);
      const step = new Step(name === "posix_spawnp" ? "start" : name, target);
      step.pass("before");
      const result = original(...args);
      const errno = koffi.errno();
      step.pass("after");
      if (name === "posix_spawnp") dieLater(step);
      // The points' own calls leave theirs.
      koffi.errno(errno);
      return result;
    },
    get(original, property) {
      if (property !== "async") return Reflect.get(original, property);
      return (...args: unknown[]) => {
        const done = args.pop() as (...results: unknown[]) => void;
        const step = new Step(name, targetOf(args) ?? "");
        step.pass("before");
        (original.async as (...all: unknown[]) => void)(...args, (...results: unknown[]) => {
          step.pass("after");
          done(...results);
        });
      };
    },
  });
}

function dieLater(step: Step): void {
  for (const delay of delays) {
    const when = `${delay} ms into`;
    if (step.isAt(when)) setTimeout(die, delay);
  }
}

/** A child's end, before anybody has heard of it. */
function watchedEnd(call: NativeCall): NativeCall {
  return new Proxy(call, {
    apply(original, _self, args: unknown[]) {
      const pid = original(...args);
      const errno = koffi.errno();
      if (Number(pid) > 0) new Step("a child's end", "").pass("after");
      koffi.errno(errno);
      return pid;
    },
  });
}

/** The program with what it is to do: a plugin's command, a runtime's, the folder that is removed. */
function programOf(path: string, argv: unknown, environment: unknown): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const command = (environment as (string | null)[])
    .find((entry) => entry?.startsWith("CNI_COMMAND="))
    ?.slice("CNI_COMMAND=".length);
  if (command) return `${name} ${command}`;
  const args = (argv as (string | null)[]).filter((arg) => arg !== null);
  if (name === "rm") return `rm ${args.at(-1)}`;
  const verb = args.find((arg) => /^(start|kill|delete|state|exec|update|list|features)$/.test(arg));
  return verb ? `${name} ${verb}` : name;
}
