import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DueQueue } from '#src/async/time/due-queue.js';

describe('a due queue', () => {
  it('has the earliest item first after any sequence of adds, moves and removals', () => {
    const step = fc.record({ item: fc.nat(19), at: fc.option(fc.nat(1_000)) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new DueQueue();
        const items = Array.from({ length: 20 }, () => ({ dueAt: 0, heapIndex: -1 }));
        for (const { item, at } of steps) {
          if (at === null) queue.remove(items[item]!);
          else queue.set(items[item]!, at);
          const queued = items.filter(({ heapIndex }) => heapIndex >= 0);
          const earliest = Math.min(...queued.map(({ dueAt }) => dueAt));
          assert.equal(queue.first?.dueAt ?? Number.POSITIVE_INFINITY, earliest);
        }
      }),
      { numRuns: 500 },
    );
  });
});
