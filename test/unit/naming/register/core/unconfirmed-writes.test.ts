import assert from 'node:assert/strict';
import { UnconfirmedWrites } from '#src/naming/register/core/record/unconfirmed-writes.js';

describe('the writes of a registration whose results are unknown', () => {
  const value = (n: number | string) => Buffer.from(`${n}`);
  let writes: UnconfirmedWrites;
  beforeEach(() => {
    writes = new UnconfirmedWrites();
  });
  const known = (...values: (number | string)[]) => values.filter((one) => writes.has(value(one))).join();

  it('are remembered for 30 seconds each, because etcd applies none later', () => {
    writes.add(value('a'), true, 0);
    writes.add(value('b'), true, 1);
    writes.prune(29_999);
    assert.equal(known('a', 'b'), 'a,b');
    writes.prune(30_000);
    assert.equal(known('a', 'b'), 'b');
    writes.prune(30_001);
    assert.equal(known('a', 'b'), '');
  });

  it('are remembered for 30 seconds after the last write of the same value', () => {
    writes.add(value('a'), true, 0);
    writes.add(value('b'), true, 10_000);
    writes.add(value('a'), true, 20_000);
    writes.prune(45_000);
    assert.equal(known('a', 'b'), 'a');
  });

  it('are at most the last sixteen', () => {
    for (let n = 1; n <= 17; n++) writes.add(value(n), true, n);
    assert.equal(known(1, 2, 17), '2,17');
  });

  it('are not removed by a value that is written repeatedly', () => {
    writes.add(value('a'), true, 0);
    for (let n = 1; n <= 20; n++) writes.add(value('b'), true, n);
    assert.equal(known('a', 'b'), 'a,b');
  });

  it('can be applied after a later write only if they expect no record', () => {
    writes.add(value('a'), true, 0);
    writes.add(value('b'), false, 0);
    writes.onConfirmed();
    assert.equal(known('a', 'b'), 'a');
  });
});
