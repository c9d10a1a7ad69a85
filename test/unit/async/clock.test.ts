import assert from 'node:assert/strict';
import { delay, longestTimerMs, systemClock } from '#src/async/index.js';

describe("the machine's clock", () => {
  it("does not fire immediately for a delay longer than Node's limit", async () => {
    const cancel = systemClock.setTimer(2 ** 40, () => assert.fail('fired immediately'));
    await new Promise<void>((resolve) => void systemClock.setTimer(20, resolve));
    cancel();
  });

  for (const [what, start] of [
    ['a timer', (ms: number, done: () => void) => void systemClock.setTimer(ms, done)],
    ['a pause', (ms: number, done: () => void) => void delay(ms).then(done)],
  ] as const)
    it(`splits ${what} longer than Node's limit into several timers within it`, async () => {
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

  it('treats a negative delay as zero, and does not fire a cancelled timer', async () => {
    const cancel = systemClock.setTimer(0, () => assert.fail('was cancelled'));
    cancel();
    const before = systemClock.now();
    await new Promise<void>((resolve) => void systemClock.setTimer(-50, resolve));
    assert.ok(systemClock.now() >= before);
  });

  it('never fires before a delay with a fraction of a millisecond is over', async () => {
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
