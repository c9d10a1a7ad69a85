import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DueQueue } from '#src/async/due-queue.js';

describe('a queue of what is due', () => {
  it('has the earliest in front, whatever is put in, moved and taken out', () => {
    const step = fc.record({ item: fc.nat(19), at: fc.option(fc.nat(1_000)) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new DueQueue();
        const items = Array.from({ length: 20 }, () => ({ dueAt: 0, heapIndex: -1 }));
        for (const { item, at } of steps) {
          if (at === null) queue.remove(items[item]!);
          else queue.set(items[item]!, at);
          const within = items.filter(({ heapIndex }) => heapIndex >= 0);
          const earliest = Math.min(...within.map(({ dueAt }) => dueAt));
          assert.equal(queue.first?.dueAt ?? Number.POSITIVE_INFINITY, earliest);
        }
      }),
      { numRuns: 500 },
    );
  });
});
