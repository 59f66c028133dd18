/** Points of what threads of the daemon say to each other. */
import { MessagePort, Worker } from "node:worker_threads";
import { Step } from "./control.ts";

/** Lets every message to another thread be a point. */
export function watchMessages(): void {
  for (const { prototype } of [MessagePort, Worker]) {
    const { postMessage } = prototype;
    prototype.postMessage = function (this: MessagePort, value: unknown, ...rest: never[]) {
      const { kind, task } = (value ?? {}) as { kind?: string; task?: { kind?: string } };
      const step = new Step("message", kind ?? task?.kind ?? "");
      step.pass("before");
      postMessage.call(this, value, ...rest);
      step.pass("after");
    };
  }
}
