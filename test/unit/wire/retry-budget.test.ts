import assert from 'node:assert/strict';
import { RetryBudget } from '#src/wire/call/retry-budget.js';

/** Half of every jittered pause. */
const even = () => 0.5;

/** Takes every permission at each moment; returns their number. */
function takeAll(budget: RetryBudget, now: number): number {
  for (let taken = 0; ; taken++) if (!budget.take(now)) return taken;
}

describe('a retry budget', () => {
  it('permits one retry immediately, and the others one by one after growing pauses', () => {
    const budget = new RetryBudget(even);
    const sentAt: number[] = [];
    for (let now = 0; now < 10_000; now++) for (let i = takeAll(budget, now); i > 0; i--) sentAt.push(now);
    assert.deepEqual(sentAt.slice(0, 7), [0, 50, 125, 250, 475, 900, 1_425]);
    assert.ok(sentAt.length < 30, `${sentAt.length} retries in ten seconds`);
  });

  it('pauses between two retries even if the jitter is zero', () => {
    const budget = new RetryBudget(() => 0);
    let sent = 0;
    for (let now = 0; now < 1_000; now++) sent += takeAll(budget, now);
    assert.equal(sent, 40);
  });

  it('permits a few retries per answer, then continues with short pauses', () => {
    const budget = new RetryBudget(even);
    for (let now = 0; now < 5_000; now++) takeAll(budget, now);
    budget.recordAnswer(5_000, 1_000);
    assert.equal(takeAll(budget, 5_000), 4);
    assert.equal(takeAll(budget, 5_100), 1);
  });

  it('shortens the pause after an answer, and never makes it longer', () => {
    for (const [answeredAt, nextAt] of [
      [1_426, 1_501],
      [1_940, 1_950],
    ] as const) {
      const budget = new RetryBudget(even);
      for (let now = 0; now <= 1_425; now++) takeAll(budget, now);
      assert.equal(budget.availableAt, 1_950);
      budget.recordAnswer(answeredAt, 0);
      assert.equal(budget.availableAt, nextAt);
      assert.deepEqual([budget.take(nextAt - 1), budget.take(nextAt)], [false, true]);
    }
  });

  it('is available immediately while an answer permits retries', () => {
    const budget = new RetryBudget(even);
    takeAll(budget, 0);
    budget.recordAnswer(1, 2);
    assert.ok(budget.availableAt <= 1);
    budget.take(1);
    budget.take(1);
    assert.equal(budget.availableAt, 50);
  });

  it('saves no more permissions than calls wait, and none after a failure', () => {
    const budget = new RetryBudget(even);
    takeAll(budget, 0);
    for (let i = 0; i < 100; i++) budget.recordAnswer(1, 10);
    budget.recordFailure();
    assert.equal(takeAll(budget, 1), 0);
    for (let i = 0; i < 100; i++) budget.recordAnswer(1, 10);
    assert.equal(takeAll(budget, 1), 10);
  });

  it('is not probing before its first use, nor after an answer', () => {
    const budget = new RetryBudget(even);
    assert.equal(budget.isProbing, false);
    budget.take(0);
    assert.equal(budget.isProbing, true);
    budget.recordAnswer(1, 0);
    assert.equal(budget.isProbing, false);
  });
});
