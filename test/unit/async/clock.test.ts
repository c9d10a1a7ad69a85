import assert from 'node:assert/strict';
import { delay, longestTimerMs, systemClock } from '#src/async/index.js';

describe("the machine's clock", () => {
  it('takes a delay longer than Node can time without firing at once', async () => {
    const cancel = systemClock.setTimer(2 ** 40, () => assert.fail('fired at once'));
    await new Promise<void>((resolve) => void systemClock.setTimer(20, resolve));
    cancel();
  });

  for (const [what, start] of [
    ['a timer', (ms: number, done: () => void) => void systemClock.setTimer(ms, done)],
    ['a pause', (ms: number, done: () => void) => void delay(ms).then(done)],
  ] as const)
    it(`adds up ${what} longer than Node's own from several, none of which is too long`, async () => {
      const restore = globalThis.setTimeout;
      const lengths: number[] = [];
      const longMs = 2 * longestTimerMs + 1_000;
      try {
        globalThis.setTimeout = ((callback: () => void, ms: number) => {
          lengths.push(ms);
          return restore(callback, 1);
        }) as typeof setTimeout;
        await new Promise<void>((resolve) => start(longMs, resolve));
      } finally {
        globalThis.setTimeout = restore;
      }
      assert.ok(Math.max(...lengths) <= longestTimerMs, `${lengths}`);
      const sum = lengths.reduce((a, b) => a + b, 0);
      assert.ok(sum >= longMs && sum < longMs + 10, `${lengths}`);
    });

  it('takes a delay in the past as now, and forgets a timer when told', async () => {
    const cancel = systemClock.setTimer(0, () => assert.fail('was forgotten'));
    cancel();
    const before = systemClock.now();
    await new Promise<void>((resolve) => void systemClock.setTimer(-50, resolve));
    assert.ok(systemClock.now() >= before);
  });

  it('never fires before the delay is over, of which a part may be less than a millisecond', async () => {
    const early: number[] = [];
    const one = (delayMs: number) => {
      const start = systemClock.now();
      return new Promise<void>((resolve) => {
        systemClock.setTimer(delayMs, () => {
          const tookMs = systemClock.now() - start;
          if (tookMs < delayMs) early.push(delayMs - tookMs);
          resolve();
        });
      });
    };
    for (let round = 0; round < 20; round++)
      await Promise.all(Array.from({ length: 50 }, (_, i) => one(1 + i / 7)));
    assert.deepEqual(early, []);
  });
});
