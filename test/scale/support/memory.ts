/** The memory of a process in bytes. */
export interface Memory {
  /** V8's heap and the buffers outside of it, after a garbage collection. */
  readonly heap: number;
  readonly resident: number;
}

/** The memory of this process, which runs with `--expose-gc`. */
export function ownMemory(): Memory {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, resident: rss };
}

/** What each of `count` objects added. */
export function memoryEach(before: Memory, after: Memory, count: number): Memory {
  return {
    heap: (after.heap - before.heap) / count,
    resident: (after.resident - before.resident) / count,
  };
}
