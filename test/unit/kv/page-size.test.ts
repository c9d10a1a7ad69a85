import assert from 'node:assert/strict';
import { PageSize } from '#src/kv/range/page-size.js';

const kvs = (count: number, valueBytes: number) =>
  Array.from({ length: count }, () => ({
    key: Buffer.alloc(16),
    value: Buffer.alloc(valueBytes),
    createRevision: 1n,
    modRevision: 1n,
    version: 1n,
    lease: 0n,
  }));

describe('the size of a page', () => {
  it('starts small and grows at most eightfold per page, to about a megabyte', () => {
    const size = new PageSize();
    const sizes = [size.keys];
    for (let i = 0; i < 4; i++) {
      size.adapt(kvs(size.keys, 256));
      sizes.push(size.keys);
    }
    assert.deepEqual(sizes, [16, 128, 1024, 3449, 3449]);
  });

  it('falls immediately when values grow, to one key at least', () => {
    const size = new PageSize();
    for (let i = 0; i < 4; i++) size.adapt(kvs(size.keys, 10));
    assert.equal(size.keys, 8_192);
    size.adapt(kvs(100, 100_000));
    assert.equal(size.keys, 10);
    size.adapt(kvs(1, 1_500_000));
    assert.equal(size.keys, 1);
  });

  it('does not change after an empty page', () => {
    const size = new PageSize();
    size.adapt([]);
    assert.equal(size.keys, 16);
  });

  it('shrinks until one key is left', () => {
    const size = new PageSize();
    assert.deepEqual([size.shrink(), size.keys], [true, 2]);
    assert.deepEqual([size.shrink(), size.keys], [true, 1]);
    assert.deepEqual([size.shrink(), size.keys], [false, 1]);
  });
});
