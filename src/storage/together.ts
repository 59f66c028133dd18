/** Tasks of which all must succeed: when one fails the others are told to stop, and waited for. */

/** Runs all `tasks`; rejects with the first failure, once none of them runs any more. */
export async function together<T>(
  signal: AbortSignal,
  tasks: ((signal: AbortSignal) => Promise<T>)[],
): Promise<T[]> {
  // AbortSignal.any costs a tenth of a millisecond with each listener; an image may have hundreds of layers.
  const stop = new AbortController();
  const stopped = () => stop.abort(signal.reason);
  signal.addEventListener("abort", stopped, { once: true });
  if (signal.aborted) stopped();
  const running = tasks.map((task) => task(stop.signal));
  try {
    return await Promise.all(running);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(running);
    throw error;
  } finally {
    signal.removeEventListener("abort", stopped);
  }
}
