/** Does something for each item, so many at a time. The first failure is thrown; what is under way is not undone. */
export async function inParallel<T>(
  items: readonly T[],
  atATime: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  const worker = async () => {
    for (const item of rest) await act(item);
  };
  await Promise.all(Array.from({ length: Math.min(atATime, items.length) }, worker));
}
