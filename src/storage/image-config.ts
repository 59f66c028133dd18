/** The configuration of an image (OCI image specification, config.md), which is also its identity. */
import { FormatError, objectAt } from "../registry/descriptor.ts";
import { digestProblem } from "../registry/digest.ts";

/** What a container of the image runs, unless the request says otherwise. */
export interface ImageProcess {
  User?: string;
  Env?: string[];
  Entrypoint?: string[];
  Cmd?: string[];
  WorkingDir?: string;
  StopSignal?: string;
  ExposedPorts?: Record<string, object>;
  Volumes?: Record<string, object>;
  Labels?: Record<string, string>;
}

export interface ImageConfig {
  architecture: string;
  os: string;
  variant?: string;
  created?: string;
  author?: string;
  config: ImageProcess;
  rootfs: { type: "layers"; diff_ids: string[] };
  history?: object[];
}

/** Reads a configuration. Throws FormatError. */
export function parseImageConfig(bytes: Buffer): ImageConfig {
  let fields: Record<string, unknown>;
  try {
    fields = objectAt(JSON.parse(bytes.toString("utf8")), "the image's configuration");
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError("the image's configuration is not JSON", { cause: error });
  }
  checkRootfs(fields.rootfs);
  const config =
    fields.config === undefined || fields.config === null ? {} : objectAt(fields.config, "config");
  checkProcess(config);
  return { ...fields, config } as unknown as ImageConfig;
}

function checkRootfs(value: unknown): void {
  const { type, diff_ids: diffIds } = objectAt(value, "rootfs");
  if (type !== "layers") throw new FormatError(`rootfs.type is ${JSON.stringify(type)}, not "layers"`);
  if (!Array.isArray(diffIds)) throw new FormatError("rootfs.diff_ids is not a list");
  for (const [index, diffId] of diffIds.entries()) {
    const problem = typeof diffId === "string" ? digestProblem(diffId) : "it is not a digest";
    if (problem) throw new FormatError(`rootfs.diff_ids[${index}] is ${JSON.stringify(diffId)}: ${problem}`);
  }
}

/** Writers leave out what is empty, or write null. */
function checkProcess(config: Record<string, unknown>): void {
  for (const key of ["User", "WorkingDir", "StopSignal"]) {
    if (config[key] === null) delete config[key];
    else if (key in config && typeof config[key] !== "string")
      throw new FormatError(`config.${key} is not a string`);
  }
  for (const key of ["Env", "Entrypoint", "Cmd"]) {
    if (config[key] === null) delete config[key];
    else if (key in config && !isStrings(config[key]))
      throw new FormatError(`config.${key} is not a list of strings`);
  }
  for (const key of ["ExposedPorts", "Volumes", "Labels"]) {
    if (config[key] === null) delete config[key];
    else if (key in config) objectAt(config[key], `config.${key}`);
  }
}

function isStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** The user a container runs as: by number, or by name; the group after the colon is not part of it. */
export function imageUser({ User = "" }: ImageProcess): { uid: number | undefined; username: string } {
  const user = User.split(":")[0]!;
  if (user === "") return { uid: undefined, username: "" };
  return /^[0-9]{1,10}$/.test(user)
    ? { uid: Number(user), username: "" }
    : { uid: undefined, username: user };
}
