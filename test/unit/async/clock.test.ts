import assert from 'node:assert/strict';
import { refClock, systemClock } from '#src/async/index.js';

describe("the machine's clock", () => {
  it("does not fire immediately for a delay longer than Node's limit", async () => {
    const cancel = systemClock.setTimer(2 ** 40, () => assert.fail('fired immediately'));
    await new Promise<void>((resolve) => void systemClock.setTimer(20, resolve));
    cancel();
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

  it('keeps the process alive with the timers that a caller waits for, and with no others', () => {
    const timeouts = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timeouts();
    const cancelOther = systemClock.setTimer(60_000, () => {});
    assert.equal(timeouts(), before);
    const cancel = refClock.setTimer(60_000, () => {});
    assert.equal(timeouts(), before + 1);
    cancel();
    assert.equal(timeouts(), before);
    cancelOther();
  });
});
