// Open-loop arrivals: calls start at times that were fixed before, whether or not earlier calls have ended.

/**
 * The times of arrival within a window, in milliseconds from its start: Poisson arrivals, the same for the same seed, so
 * that every contestant gets the same.
 */
export function arrivals({ perSecond, windowMs, seed }) {
  const random = generator(seed);
  const times = [];
  for (let at = gap(); at < windowMs; at += gap()) times.push(at);
  return times;

  function gap() {
    return (-Math.log(1 - random()) / perSecond) * 1_000;
  }
}

/**
 * Starts a call for each arrival. The latency of a call counts from its intended arrival, so a call that starts late,
 * because the process was busy, counts the wait too.
 *
 * @returns the latencies in milliseconds
 */
export async function openLoop(call, times) {
  const latencies = new Float64Array(times.length);
  const open = [];
  const start = performance.now();
  for (let next = 0; next < times.length; ) {
    const now = performance.now() - start;
    while (next < times.length && times[next] <= now) open.push(timed(next++));
    // A timer is too coarse; this turns the event loop without a pause.
    await new Promise(setImmediate);
  }
  await Promise.all(open);
  return latencies;

  async function timed(index) {
    await call(index);
    latencies[index] = performance.now() - start - times[index];
  }
}

/** mulberry32: numbers from 0 to below 1. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
