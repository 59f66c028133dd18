/** One call of one CNI plugin: environment and configuration in, result or error out (CNI 1.1, section 2). */
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { messageOf, StatusError } from "../cri/status-error.ts";
import { isExecutable } from "../linux/executable.ts";
import { ProgramError, type ProgramResult, run } from "../linux/program.ts";
import { log } from "../log.ts";
import { observeStep } from "../observation.ts";

const TRY_AGAIN_LATER = 11;
const SHOWN_OUTPUT = 300;
const MAX_OUTPUT_BYTES = 4 << 20;

export type CniCommand = "ADD" | "DEL" | "CHECK" | "STATUS" | "GC" | "VERSION";

/** What goes to the plugin's stdin. */
export interface ExecutionConfig {
  cniVersion: string;
  name: string;
  type: string;
  [key: string]: unknown;
}

export interface PluginCall {
  command: CniCommand;
  config: ExecutionConfig;
  containerId?: string;
  /** Empty where the namespace is gone already; DEL must cope with that. */
  netns?: string;
  ifName?: string;
  /** CNI_ARGS: `KEY=VALUE` pairs between semicolons. */
  args?: string;
}

/** A plugin that failed, hung or is missing: the message names the network, the plugin, the command and its words. */
export class CniError extends StatusError {
  /** The plugin's own error code (CNI 1.1, section 2, "Errors"), where it gave one. */
  readonly cniCode: number | undefined;

  constructor(call: PluginCall, text: string, code = status.UNKNOWN, cniCode?: number) {
    const { name, type } = call.config;
    super(
      code,
      `CNI network ${JSON.stringify(name)}: plugin ${JSON.stringify(type)}: ${call.command}: ${text}`,
    );
    this.name = "CniError";
    this.cniCode = cniCode;
  }
}

/** The plugins of some folders. */
export class Plugins {
  readonly #folders: string[];
  readonly #timeoutMs: number;
  readonly #environment: NodeJS.ProcessEnv;

  /** `timeoutMs` is the limit of the plugins of a network together, for one command. */
  constructor(folders: string[], timeoutMs: number) {
    this.#folders = folders;
    this.#timeoutMs = timeoutMs;
    this.#environment = { ...process.env, CNI_PATH: folders.join(":") };
  }

  /** The path of the plugin `type` in the first folder that has it, or undefined. */
  find(type: string): string | undefined {
    return this.#folders.map((folder) => join(folder, type)).find(isExecutable);
  }

  /** Where plugins are looked for, for messages. */
  get searched(): string {
    return this.#folders.join(", ");
  }

  /** What is left of the time of a command that begins now, in milliseconds. */
  countdown(timeoutMs = this.#timeoutMs): () => number {
    const end = performance.now() + timeoutMs;
    return () => Math.max(1, Math.round(end - performance.now()));
  }

  /**
   * Runs a plugin to its end and returns what it printed. When it fails, hangs or is aborted this rejects with a
   * CniError, after its whole process group was killed in the last two cases.
   */
  run(call: PluginCall, signal?: AbortSignal, timeoutMs = this.#timeoutMs): Promise<string> {
    const { command, config, containerId } = call;
    const attributes = { network: config.name, plugin: config.type, command, containerId };
    return observeStep("cni.plugin", attributes, () => this.#run(call, signal, timeoutMs));
  }

  async #run(call: PluginCall, signal: AbortSignal | undefined, timeoutMs: number): Promise<string> {
    const path = this.find(call.config.type);
    if (!path) throw new CniError(call, `no such plugin in ${this.searched}`, status.FAILED_PRECONDITION);
    if (signal?.aborted) throw new CniError(call, "cancelled", status.CANCELLED);
    const excess = new AbortController();
    try {
      const result = await run(path, {
        args: [],
        env: { ...this.#environment, ...variables(call) },
        input: JSON.stringify(call.config),
        timeoutMs,
        maxOutputBytes: MAX_OUTPUT_BYTES,
        onExcess: () => excess.abort(new CniError(call, "printed without end, killed")),
        signal: signal ? AbortSignal.any([signal, excess.signal]) : excess.signal,
      });
      logStderr(call, result);
      return result.stdout.toString();
    } catch (error) {
      if (signal?.aborted) throw new CniError(call, "cancelled, killed", status.CANCELLED);
      throw error instanceof ProgramError ? failure(call, error, timeoutMs) : error;
    }
  }
}

/**
 * Parses what a plugin printed into a JSON object; throws a CniError that shows it where it is none, and the plugin's own
 * error where it is one: scripts are known to end with 0 after it.
 */
export function parseOutput(call: PluginCall, output: string): Record<string, unknown> {
  const value = jsonObject(output);
  if (!value) throw new CniError(call, `printed no JSON object but ${shown(output)}`);
  if (isErrorReport(value)) throw reportedError(call, value);
  return value;
}

function variables(call: PluginCall): Record<string, string> {
  return {
    CNI_COMMAND: call.command,
    CNI_CONTAINERID: call.containerId ?? "",
    CNI_NETNS: call.netns ?? "",
    CNI_IFNAME: call.ifName ?? "",
    CNI_ARGS: call.args ?? "",
  };
}

function failure(call: PluginCall, { result, timedOut, cause }: ProgramError, timeoutMs: number): CniError {
  if (!result) return new CniError(call, `cannot be started: ${messageOf(cause)}`);
  logStderr(call, result);
  if (timedOut) {
    return new CniError(call, `no answer in ${timeoutMs / 1000} s, killed`, status.DEADLINE_EXCEEDED);
  }
  const printed = result.stdout.toString();
  const error = jsonObject(printed);
  if (isErrorReport(error)) return reportedError(call, error);
  const said = result.stderr.toString().trim() || printed;
  const end = result.exitSignal ? `killed by ${result.exitSignal}` : `exit code ${result.exitCode}`;
  return new CniError(call, `${end}, and said ${shown(said)}`);
}

/** An error as plugins print it (CNI 1.1, section 5, "Error"). */
interface ErrorReport {
  code?: unknown;
  msg: string;
  details?: unknown;
}

function isErrorReport(printed: object | undefined): printed is ErrorReport {
  return printed !== undefined && "msg" in printed && typeof printed.msg === "string";
}

function reportedError(call: PluginCall, error: ErrorReport): CniError {
  const code = typeof error.code === "number" ? error.code : undefined;
  const details = typeof error.details === "string" && error.details !== "" ? `; ${error.details}` : "";
  const grpc = code === TRY_AGAIN_LATER ? status.UNAVAILABLE : status.UNKNOWN;
  return new CniError(
    call,
    `${error.msg}${details}${code === undefined ? "" : ` (code ${code})`}`,
    grpc,
    code,
  );
}

function logStderr(call: PluginCall, { exitCode, stderr }: ProgramResult): void {
  const said = stderr.toString().trim();
  if (said === "") return;
  const fields = { plugin: call.config.type, command: call.command, stderr: said };
  if (exitCode === 0) log.info("CNI plugin wrote to stderr", fields);
  else log.warn("CNI plugin wrote to stderr", fields);
}

function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(text: string): string {
  if (text === "") return "nothing";
  return JSON.stringify(text.length > SHOWN_OUTPUT ? `${text.slice(0, SHOWN_OUTPUT)}…` : text);
}
