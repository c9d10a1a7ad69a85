import assert from 'node:assert/strict';
import { DropCounts } from '#src/cli/ui/catalog/drop-counts.js';

describe('DropCounts', () => {
  it('counts for each service, with those that concern all', () => {
    const counts = new DropCounts();
    for (const service of ['a', 'a', '__proto__', undefined]) counts.add(service);
    assert.deepEqual([counts.of('a'), counts.of('__proto__'), counts.of('b')], [3, 2, 1]);
    assert.equal(counts.total, 4);
  });

  it('does not say of a service that it forgot that nothing was dropped', () => {
    const counts = new DropCounts(2);
    for (const service of [undefined, 'a', 'b', 'b', 'c']) counts.add(service);
    assert.ok(counts.of('a') > 1);
    assert.equal(counts.of('c'), 2);
    assert.equal(counts.total, 5);
  });
});
