/** Tasks of which all must succeed: when one fails the others are told to stop, and waited for. */

/** Runs all `tasks`; rejects with the first failure, once none of them runs any more. */
export async function together<T>(
  signal: AbortSignal,
  tasks: ((signal: AbortSignal) => Promise<T>)[],
): Promise<T[]> {
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  const running = tasks.map((task) => task(both));
  try {
    return await Promise.all(running);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(running);
    throw error;
  }
}
