/** Calls `work` for 0 to `count` - 1, `limit` at a time, and answers its results in their order. */
export async function inParallel<T>(
  count: number,
  limit: number,
  work: (at: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  async function worker(): Promise<void> {
    while (next < count) {
      const at = next++;
      results[at] = await work(at);
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, count) }, worker));
  return results;
}
