/** crictl, as a node's operator runs it, on a daemon under test. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { dump } from "js-yaml";
import { isExecutable } from "../../src/linux/executable.ts";
import { cacheDir } from "../cache.ts";
import { type Ended, Program } from "./program.ts";

/** Where crictl is, or undefined: beside critest in the cache, else in PATH. */
export function findCrictl(): string | undefined {
  const folders = [join(cacheDir(), "bin", "critest"), ...(process.env.PATH ?? "").split(delimiter)];
  return folders.map((folder) => join(folder, "crictl")).find(isExecutable);
}

/** Why a suite that needs crictl is skipped; false where it is there. */
export const withoutCrictl: string | false =
  findCrictl() === undefined && "crictl is not here: scripts/setup --tests builds it";

/** crictl with a crictl.yaml that names one socket. */
export class Crictl {
  readonly folder: string;

  constructor(socket: string) {
    this.folder = mkdtempSync(join(tmpdir(), "critter-crictl-"));
    const endpoint = `unix://${socket}`;
    const lines = [`runtime-endpoint: ${endpoint}`, `image-endpoint: ${endpoint}`, "timeout: 20"];
    writeFileSync(join(this.folder, "crictl.yaml"), `${lines.join("\n")}\n`);
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true });
  }

  /** Writes a configuration for runp, create or run in the field names of the CRI, as YAML or JSON, and answers its path. */
  file(name: string, config: object): string {
    const path = join(this.folder, name);
    const fields = snakeCase(config);
    writeFileSync(path, name.endsWith(".yaml") ? dump(fields) : JSON.stringify(fields));
    return path;
  }

  /** Starts crictl; it may run for as long as its user likes. */
  start(...args: string[]): Program {
    const own = ["--config", join(this.folder, "crictl.yaml")];
    return new Program(findCrictl()!, [...own, ...args], environment);
  }

  /** Starts crictl at a terminal of its own. */
  startAtTerminal(...args: string[]): Program {
    const words = [findCrictl()!, "--config", join(this.folder, "crictl.yaml"), ...args];
    const command = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    return new Program("script", ["--quiet", "--return", "--command", command, "/dev/null"], environment);
  }

  /** Runs crictl to its end, with `input` as its whole standard input. */
  async run(args: string[], input: string | Buffer = ""): Promise<Ended> {
    await using program = this.start(...args);
    program.stdin.end(input);
    return await program.ended;
  }

  /** What crictl prints, without white space around it; it must end with 0. */
  async ok(...args: string[]): Promise<string> {
    const { stdout, stderr, code } = await this.run(args);
    assert.equal(code, 0, `crictl ${args.join(" ")}: ${stderr}`);
    return stdout.toString().trim();
  }

  /** What crictl prints with `-o json`, int64 fields made numbers. */
  async json<T = Record<string, unknown>>(command: string, ...args: string[]): Promise<T> {
    return numbersOf(JSON.parse(await this.ok(command, "--output", "json", ...args))) as T;
  }

  /** What crictl says when it fails, which it must. */
  async refusal(...args: string[]): Promise<string> {
    const { stderr, code } = await this.run(args);
    assert.notEqual(code, 0, `crictl ${args.join(" ")} was to fail`);
    return stderr;
  }
}

/** Without what a machine's own user has set for crictl. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(CRICTL_|CRI_CONFIG_FILE|(CONTAINER_RUNTIME|IMAGE_SERVICE)_ENDPOINT)/.test(name),
  ),
);

/** crictl reads configurations by the names that api.proto has; keys of labels and annotations are nobody's names. */
function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      /^(labels|annotations|sysctls)$/.test(key) ? inner : snakeCase(inner),
    ]),
  );
}

/** JSON of a protobuf message has its 64-bit integers as strings. */
export function numbersOf(value: unknown): unknown {
  if (typeof value === "string") return /^-?\d{1,19}$/.test(value) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(numbersOf);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, numbersOf(inner)]));
}
