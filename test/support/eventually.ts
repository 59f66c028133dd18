import { SLOW } from "./slow.ts";

/** Repeats `attempt` until it does not fail, twenty seconds by default; then its last error counts. */
export async function eventually<T>(attempt: () => T | Promise<T>, seconds = 20): Promise<T> {
  const end = performance.now() + seconds * SLOW * 1000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
