import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { ContainerConfig } from "../cri/messages.ts";
import { codeOf } from "../cri/status-error.ts";
import { RuntimeError } from "./runtime-error.ts";
import { notStartable, refusedCreation, wrongProgram } from "./runtime-refusal.ts";

const words = [
  'runc create failed: unable to start container process: exec: "x": executable file not found in $PATH',
  'exec failed: unable to start container process: exec: "a/b": stat a/b: no such file or directory',
  '{"level":"error","msg":"runc create failed: unable to start container process: exec: \\"../../..',
  "unable to start container process: exec /bin/x: argument list too long",
  "executable file `x` not found in $PATH: No such file or directory",
];

test("a program that cannot be run is the fault of who names it", () => {
  for (const said of words) {
    const error = wrongProgram(new RuntimeError("runc create", said), "config.command", ["x", "y"]);
    assert.equal(codeOf(error), status.INVALID_ARGUMENT);
    assert.match((error as Error).message, /^config\.command is \["x","y"\]: runc create: /);
    assert.equal(codeOf(notStartable(new RuntimeError("runc start", said))), status.FAILED_PRECONDITION);
  }
  const stopped = new RuntimeError("runc start", "cannot start a container that has stopped");
  assert.equal(codeOf(notStartable(stopped)), status.FAILED_PRECONDITION);
});

test("other failures stay what they are", () => {
  const errors = [new RuntimeError("runc create", "it was killed by SIGKILL"), new Error('exec: "x"')];
  for (const error of errors) {
    assert.equal(wrongProgram(error, "cmd", ["x"]), error);
    assert.equal(notStartable(error), error);
  }
});

test("of a container's creation the mount or the limits are named", () => {
  const mounts = [{ containerPath: "/a" }, { containerPath: "/proc/x/" }];
  const config = { mounts, workingDir: "/proc/self/fd/0" } as ContainerConfig;
  const refused = (said: string) =>
    refusedCreation(new RuntimeError("runc create", said), config, ["x"]) as Error;
  const mount = refused('error mounting "/host" to rootfs at "/proc/x": check it is inside /proc');
  assert.equal(codeOf(mount), status.INVALID_ARGUMENT);
  assert.match(
    mount.message,
    /^config\.mounts\[1\]\.container_path is "\/proc\/x": runc create: error mounting/,
  );
  const path = refused(`can't make "/proc/self/fd/0" read-only: mount: invalid argument`);
  assert.match(path.message, /^config\.linux\.security_context\.readonly_paths is "\/proc\/self\/fd\/0": /);
  const folder = refused("error during container init: mkdir /proc/self/fd/0: not a directory");
  assert.match(folder.message, /^config\.working_dir is "\/proc\/self\/fd\/0": /);
  const limits = refused(
    'failed to write "50000": write /sys/fs/cgroup/cpu/a/cpu.cfs_quota_us: invalid argument',
  );
  assert.equal(codeOf(limits), status.FAILED_PRECONDITION);
  assert.equal(codeOf(refused(words[0]!)), status.INVALID_ARGUMENT);
  assert.equal(codeOf(refused('error mounting "proc" to rootfs at "/proc": no')), status.UNKNOWN);
});
