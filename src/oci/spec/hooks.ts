/** Hooks of config.json (OCI runtime specification, config.md, "POSIX-platform Hooks"). */
import type { Hook, HookStage, Spec } from "./types.ts";

/** Every stage that there is. */
export const hookStages: readonly HookStage[] = [
  "prestart",
  "createRuntime",
  "createContainer",
  "startContainer",
  "poststart",
  "poststop",
];

/** Whether `text` is the name of a stage. */
export function isHookStage(text: string): text is HookStage {
  return (hookStages as readonly string[]).includes(text);
}

/** Adds a hook after those of its stage. */
export function addHook(spec: Spec, stage: HookStage, hook: Hook): void {
  const { hooks = {} } = spec;
  spec.hooks = { ...hooks, [stage]: [...(hooks[stage] ?? []), hook] };
}
