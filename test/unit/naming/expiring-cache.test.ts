import assert from 'node:assert/strict';
import { ExpiringCache } from '#src/naming/expiring-cache.js';
import { FakeClock } from '../lease/fakes.js';

describe('an expiring cache', () => {
  it('evicts values that are too old, even without a lookup', () => {
    const clock = new FakeClock();
    const remembered = new ExpiringCache(clock, { maxCount: 10, maxAgeMs: 1_000 });
    remembered.put('old', { knownAt: clock.now() });
    clock.advance(500);
    remembered.put('young', { knownAt: clock.now() });
    clock.advance(500);
    assert.deepEqual([remembered.get('old'), remembered.size], [undefined, 2]);
    remembered.put('new', { knownAt: clock.now() });
    assert.equal(remembered.size, 2);
    assert.notEqual(remembered.take('young'), undefined);
    assert.deepEqual([remembered.take('young'), remembered.size], [undefined, 1]);
  });
});
