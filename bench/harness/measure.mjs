// What a contestant's process measures of itself.

/** Time in ms and CPU (user + system) in µs of this process during `work`. */
export async function measured(work) {
  globalThis.gc?.();
  const before = process.cpuUsage();
  const start = performance.now();
  const result = await work();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { ms, cpu: user + system, result };
}

/** Keeps `inFlight` calls open for a window. With one in flight, also the latencies in ms. */
export async function closedLoop(call, { inFlight, windowMs }) {
  const latencies = [];
  const { ms, cpu, result } = await measured(async () => {
    const end = performance.now() + windowMs;
    let started = 0;
    const loop = async () => {
      for (let now = performance.now(); now < end; ) {
        await call(started++);
        const then = now;
        now = performance.now();
        if (inFlight === 1) latencies.push(now - then);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, loop));
    return started;
  });
  return { perSecond: (result / ms) * 1_000, cpu: cpu / result, latencies };
}

/** Bytes in use after garbage collection. */
export function heapUsed() {
  for (let i = 0; i < 3; i++) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A counter of received events, with a promise that resolves at `expected`. */
export function countdown(expected) {
  let left = expected;
  let resolve;
  const done = new Promise((r) => {
    resolve = r;
  });
  return {
    done,
    received(count) {
      left -= count;
      if (left <= 0) resolve();
    },
  };
}

/** Runs `action` for each item, a bounded number at once. Resolves to the results in order. */
export async function inBatches(items, action, size = 500) {
  const results = [];
  for (let i = 0; i < items.length; i += size)
    results.push(...(await Promise.all(items.slice(i, i + size).map(action))));
  return results;
}
