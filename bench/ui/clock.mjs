// A clock that processes of one machine share, finer than the milliseconds of Date.now().

/**
 * Returns what to add to `performance.now()` for the wall clock in milliseconds. Watches Date.now() change for some 20 ms; the
 * error is the resolution of `performance.now()`, which is 0.1 ms in Chromium. Uses nothing of this module, since pages
 * run it too.
 */
export function wallClockBias() {
  let bias = Number.NEGATIVE_INFINITY;
  for (let edges = 0; edges < 20; edges++) {
    const before = Date.now();
    let now = before;
    while (now === before) now = Date.now();
    // A delay between the two readings makes it smaller.
    bias = Math.max(bias, now - performance.now());
  }
  return bias;
}
