/** One file of a hooks folder: what to run, when, and for which containers (oci-hooks(5), schema 1.0.0). */
import { existsSync, readFileSync } from "node:fs";
import { DocumentError, flag, listOf, mapOf, object, text, whole } from "../../config/document.ts";
import { hookStages, isHookStage } from "../spec/hooks.ts";
import type { Hook, HookStage } from "../spec/types.ts";
import { compilePattern } from "./pattern.ts";

/** What a container is chosen by. */
export interface HookFacts {
  /** Of the container and of its pod. */
  annotations: Readonly<Record<string, string>>;
  /** The program it runs. */
  command: string;
  /** Whether its request mounts anything. */
  hasBindMounts: boolean;
}

export interface HookFile {
  hook: Hook;
  stages: HookStage[];
  /** Whether it looks at what pods say, and so may take long. */
  hasPatterns: boolean;
  matches(facts: HookFacts): boolean;
}

interface Document {
  version: string;
  hook: Hook;
  when: When;
  stages: HookStage[];
}

interface When {
  always?: boolean;
  /** Patterns of names, and of their values. */
  annotations?: Record<string, string>;
  commands?: string[];
  hasBindMounts?: boolean;
}

const open = true;

const document = object<Document>(
  {
    version: text((value) => value === "1.0.0", '"1.0.0"'),
    hook: object<Hook>(
      {
        path: text((path) => path.startsWith("/") && existsSync(path), "the path of a program that is there"),
        args: listOf(text()),
        env: listOf(text((value) => value.indexOf("=") > 0, '"NAME=VALUE"')),
        timeout: whole(1, 2 ** 31 - 1),
      },
      { required: ["path"], open },
    ),
    when: object<When>(
      { always: flag, annotations: mapOf(text()), commands: listOf(text()), hasBindMounts: flag },
      { open },
    ),
    stages: listOf(text(isHookStage, `one of ${hookStages.join(", ")}`) as () => HookStage),
  },
  { required: ["version", "hook", "when", "stages"], open },
);

/** Reads the file. Throws the file system's error, SyntaxError, or DocumentError with the place in the file. */
export function readHookFile(path: string): HookFile {
  const { hook, when, stages } = document(JSON.parse(readFileSync(path, "utf8")), "");
  if (stages.length === 0) throw new DocumentError("stages is empty");
  const conditions = conditionsOf(when);
  return {
    hook,
    stages,
    hasPatterns: Boolean(when.commands?.length) || Object.keys(when.annotations ?? {}).length > 0,
    // A file without a condition is for no container.
    matches: (facts) => conditions.length > 0 && conditions.every((condition) => condition(facts)),
  };
}

type Condition = (facts: HookFacts) => boolean;

function conditionsOf({ always, hasBindMounts, annotations = {}, commands = [] }: When): Condition[] {
  const conditions: Condition[] = [];
  if (always !== undefined) conditions.push(() => always);
  if (hasBindMounts !== undefined) conditions.push((facts) => hasBindMounts && facts.hasBindMounts);
  for (const [name, value] of Object.entries(annotations)) {
    const [names, values] = [
      compiled(name, "annotations"),
      compiled(value, `annotations[${JSON.stringify(name)}]`),
    ];
    conditions.push((facts) =>
      Object.entries(facts.annotations).some(([key, set]) => names.test(key) && values.test(set)),
    );
  }
  const programs = commands.map((command, index) => compiled(command, `commands[${index}]`));
  if (programs.length > 0) conditions.push(({ command }) => programs.some((one) => one.test(command)));
  return conditions;
}

function compiled(pattern: string, place: string): RegExp {
  try {
    return compilePattern(pattern);
  } catch (error) {
    throw new DocumentError(`when.${place} is ${JSON.stringify(pattern)}: ${(error as Error).message}`);
  }
}
