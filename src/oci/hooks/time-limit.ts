/** Bounds work whose time depends on what others wrote, such as matching a pod's annotations. */
import { type Context, createContext, runInContext } from "node:vm";

/** Made when it is needed: most machines have no hooks, and it takes half a megabyte. */
let context: Context | undefined;

/** What `work`, which is synchronous, answers. Throws when it takes longer than so many milliseconds. */
export function withinTime<T>(milliseconds: number, work: () => T): T {
  // A backtracking expression can be interrupted in no other way.
  context ??= createContext();
  context.work = work;
  try {
    return runInContext("work()", context, { timeout: milliseconds }) as T;
  } finally {
    context.work = undefined;
  }
}
