import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { WatchEvent } from '#src/model/index.js';
import { protocolViolation } from '#src/watch/core/watcher/batch-check.js';
import { events, everyKey, put } from './builders.js';

const violation = (list: readonly WatchEvent[], header = 1_000) =>
  protocolViolation(events(list, { header }), everyKey, 0n);

describe('the check of the events of a response', () => {
  it('finds a key twice in one revision, whatever the order of the keys', () => {
    const anyKeys = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'dd', 'é', '\u0000'), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(anyKeys, { maxLength: 4 }), (revisions) => {
        const list = revisions.flatMap((keys, i) => keys.map((key) => put(i + 1, key)));
        const hasDuplicate = revisions.some((keys) => new Set(keys).size < keys.length);
        assert.equal(violation(list), hasDuplicate ? 'two events of one key in one revision' : undefined);
      }),
      { numRuns: 2_000 },
    );
  });

  it('finds revisions out of order, and those after the revision of the header', () => {
    assert.equal(violation([put(2), put(1)]), 'events out of order');
    assert.equal(violation([put(1), put(2)], 1), 'an event from after its response');
    assert.equal(violation([put(1), put(2)], 2), undefined);
    assert.equal(violation([put(1), put(2)], 0), undefined, 'a proxy that does not know its revision');
  });
});
