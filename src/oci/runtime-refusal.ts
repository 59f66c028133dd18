/** What the runtime refuses of a container: the fault of the request, or of the state of things, not of the machine. */
import { posix } from "node:path";
import { status } from "@grpc/grpc-js";
import type { ContainerConfig } from "../cri/messages.ts";
import { failedPrecondition, invalidArgument, messageOf } from "../cri/status-error.ts";
import { RuntimeError } from "./runtime-error.ts";

// runc's words, and crun's: looked for, opened, executed, and the folder it is to begin in. Words cut off in the middle are the
// runtime's JSON as it was, with its quotes escaped.
const ofProgram =
  /exec: \\?"|exec \/|executable file|open executable|exec container process|exec format error|argument list too long|chdir to/i;
// As runc has them, and crun.
const ofMount = /error mounting ".*?" to rootfs at "(.*?)"|mount `.*?` to `(.*?)`/;
const ofProtectedPath = /can't (make|mask path) "(.*?)"/;
/** What a runtime needs to become the container's program, and a masked path has taken. */
const ofHiddenProc = /open \/proc\/self\/fd: no such file/;
const ofLimits = /write [^ ]*\/sys\/fs\/cgroup\/|write to [`/].*cgroup|setting cgroup config/;
const ended = /container that has stopped|is not in (the )?'?created'? state/;

/** Unless it is the machine that refuses: "fork/exec /proc/self/exe: resource temporarily unavailable" is not about the program. */
function isRefusal(error: unknown): error is RuntimeError {
  return error instanceof RuntimeError && error.code === status.UNKNOWN;
}

/** INVALID_ARGUMENT that names `field` and the command where the runtime cannot run that; any other error as it is. */
export function wrongProgram(error: unknown, field: string, command: readonly string[]): unknown {
  const isProgram = isRefusal(error) && ofProgram.test(error.message);
  return isProgram ? invalidArgument(field, command, messageOf(error)) : error;
}

/**
 * Why a container could not be created: INVALID_ARGUMENT that names the command, its folder, the mount or the path, FAILED_PRECONDITION for limits that its
 * pod's cgroup does not allow. Any other error as it is.
 */
export function refusedCreation(
  error: unknown,
  { mounts, workingDir, linux }: ContainerConfig,
  command: readonly string[],
): unknown {
  if (!isRefusal(error)) return error;
  const message = messageOf(error);
  const [isMount, byRunc, byCrun] = ofMount.exec(message) ?? [];
  if (isMount) {
    const path = byRunc ?? byCrun ?? "";
    const index = mounts.findIndex(({ containerPath }) => posix.resolve("/", containerPath) === path);
    // Of those that every container has, the request says nothing.
    return index < 0 ? error : invalidArgument(`config.mounts[${index}].container_path`, path, message);
  }
  const [isProtected, deed, path] = ofProtectedPath.exec(message) ?? [];
  if (isProtected) {
    const field = deed === "make" ? "readonly_paths" : "masked_paths";
    return invalidArgument(`config.linux.security_context.${field}`, path, message);
  }
  if (workingDir !== "" && message.includes(`mkdir ${workingDir}`)) {
    return invalidArgument("config.working_dir", workingDir, message);
  }
  const masked = linux?.securityContext?.maskedPaths ?? [];
  if (masked.length > 0 && ofHiddenProc.test(message)) {
    return invalidArgument("config.linux.security_context.masked_paths", masked, message);
  }
  if (ofLimits.test(message)) {
    return failedPrecondition(`config.linux.resources cannot be put into effect: ${message}`);
  }
  return wrongProgram(error, "config.command", command);
}

/**
 * FAILED_PRECONDITION where a created container cannot be started: its process was killed, or cannot become its program.
 * Any other error as it is.
 */
export function notStartable(error: unknown): unknown {
  const isContainer = isRefusal(error) && (ofProgram.test(error.message) || ended.test(error.message));
  return isContainer ? failedPrecondition(messageOf(error)) : error;
}
