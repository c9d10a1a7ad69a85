import assert from 'node:assert/strict';
import { vacuityOf } from '../../robustness/vacuity.js';
import { faultNames, summaryWith } from './run-samples.js';

describe('the vacuity of a robustness run', () => {
  it('is empty if everything happened', () => {
    assert.deepEqual(vacuityOf(summaryWith(), faultNames), []);
  });

  const { operations, watch, faults } = summaryWith();
  const without = (kind: string) => ({ ...operations, [kind]: { ok: 0, unknown: 0, failed: 3 } });
  const certain = Object.fromEntries(
    Object.entries(operations).map(([kind, count]) => [kind, { ...count, unknown: 0 }]),
  );
  it('does not name stale reads that failed', () => {
    const stale = { 'stale get': { ok: 10, unknown: 0, failed: 90 } };
    const all = { ...operations, get: { ok: 300, unknown: 0, failed: 0 }, ...stale };
    assert.deepEqual(vacuityOf(summaryWith({ operations: all }), faultNames), []);
  });

  for (const [what, changes, reason] of [
    ['few operations', { seconds: 600 }, 'only 1200 operations succeeded, not 4800'],
    ['no unknown outcome', { operations: certain }, 'no write had an unknown outcome'],
    ['a kind of operation that never succeeded', { operations: without('delete') }, 'no delete succeeded'],
    [
      'a kind of operation that hardly ever succeeded',
      { operations: { ...operations, get: { ok: 100, unknown: 1, failed: 558 } } },
      'only 100 of 659 get operations succeeded',
    ],
    [
      'watches that received little',
      { watch: { ...watch, events: 3 } },
      'the watches received fewer events than there were operations',
    ],
    [
      'a kind of watch that received nothing',
      { watch: { ...watch, received: { ...watch.received, key: 0 } } },
      "no watch of the kind 'key' received an event",
    ],
    [
      'previous values that are missing',
      { watch: { ...watch, withPrevious: 0 } },
      'most previous values are missing',
    ],
    ['no resumption', { watch: { ...watch, resumed: 0 } }, 'the library continued no watch'],
    ['no continuation', { watch: { ...watch, continued: 0 } }, 'no reader continued at its checkpoint'],
    [
      'a fault without an effect',
      { faults: [{ name: 'reset', drawn: 4, effective: 0 }, ...faults.slice(0, 1)] },
      'the fault reset had no effect',
    ],
    ['a fault that was not drawn', { faults: faults.slice(0, 1) }, 'the fault reset had no effect'],
  ] as const)
    it(`names ${what}`, () => {
      assert.deepEqual(vacuityOf(summaryWith(changes), faultNames), [reason]);
    });
});
