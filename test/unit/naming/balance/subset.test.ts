import assert from 'node:assert/strict';
import { Subset } from '#src/naming/balance/index.js';

describe('a subset of a large service', () => {
  const all = Array.from({ length: 300 }, (_, i) => `10.0.0.${i}`);
  const select = (items: readonly string[], size: number, seed: string, isLast = (_: string) => false) => {
    const subset = new Subset<{ key: string }>(
      { size, seed },
      { keyOf: ({ key }) => key, isLast: ({ key }) => isLast(key) },
    );
    return subset.select(items.map((key) => ({ key }))).map(({ key }) => key);
  };
  const of = (items: readonly string[], seed: string, size = 20) => select(items, size, seed);

  it('is stable for a process, and differs between processes', () => {
    assert.deepEqual(of(all, 'me'), of([...all], 'me'));
    assert.notDeepEqual(of(all, 'me'), of(all, 'you'));
  });

  it('is the same in every release, so that an upgrade moves no connection', () => {
    assert.deepEqual(of(all, 'me', 3), ['10.0.0.30', '10.0.0.46', '10.0.0.260']);
  });

  it('contains all items when there are no more', () =>
    assert.deepEqual(of(all.slice(0, 5), 'me'), all.slice(0, 5)));

  it('changes by one item when one of its items is removed, and not when another is', () => {
    const mine = of(all, 'me');
    const less = of(
      all.filter((item) => item !== mine[3]),
      'me',
    );
    assert.equal(less.filter((item) => mine.includes(item)).length, 19);
    const other = all.find((item) => !mine.includes(item));
    assert.deepEqual(
      of(
        all.filter((item) => item !== other),
        'me',
      ),
      mine,
    );
  });

  it('contains the last resort only when there are not enough others', () => {
    const isLast = (item: string) => Number(item.split('.')[3]) >= 20;
    const mine = (size: number) => select(all, size, 'me', isLast);
    assert.deepEqual(mine(20), all.slice(0, 20));
    const more = mine(22);
    assert.deepEqual([more.length, more.filter(isLast).length], [22, 2]);
  });

  it('has the given size when items have the same key', () => {
    assert.deepEqual(select(['a', 'a', 'a'], 2, 'me'), ['a', 'a']);
  });

  it('hashes the key of each item once, whatever else changes', () => {
    const items = all.map((key) => ({ key }));
    let keys = 0;
    const keyOf = ({ key }: { key: string }) => {
      keys++;
      return key;
    };
    const subset = new Subset({ size: 20, seed: 'me' }, { keyOf, isLast: () => false });
    subset.select(items);
    subset.select(items.slice(1));
    assert.equal(keys, items.length);
  });

  it('gives every endpoint about the same number of callers', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 1_500; i++)
      for (const item of of(all, `p${i}`)) counts.set(item, (counts.get(item) ?? 0) + 1);
    const figures = all.map((item) => counts.get(item) ?? 0);
    assert.ok(
      Math.min(...figures) > 50 && Math.max(...figures) < 160,
      `${Math.min(...figures)} to ${Math.max(...figures)}`,
    );
  });
});
