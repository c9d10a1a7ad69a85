/**
 * Calls a function for each item, at most `concurrency` at a time. Rejects with the first error; calls that are already
 * running are not cancelled.
 */
export async function inParallel<T>(
  items: readonly T[],
  concurrency: number,
  callback: (item: T) => Promise<void>,
): Promise<void> {
  const remaining = items[Symbol.iterator]();
  const worker = async () => {
    for (const item of remaining) await callback(item);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
}
