import assert from 'node:assert/strict';
import { difference, digestOf, linesOf } from '../../scale/check/contents.js';
import { exactlyOnce } from '../../scale/check/exactly-once.js';
import { peakOf, spreadOf } from '../../scale/support/spread.js';
import { windowed } from '../../scale/support/windowed.js';

const entry = (key: string, modRevision: bigint, addr = 'a:1') => ({ key, modRevision, addr });

describe('the checks of the scale campaign', () => {
  const stored = linesOf([entry('s/1', 2n), entry('s/2', 3n)]);

  it('accept a view in another order', () => {
    assert.equal(difference('view', stored, linesOf([entry('s/2', 3n), entry('s/1', 2n)])), undefined);
  });

  for (const [what, shown] of [
    ['an endpoint that is missing', [entry('s/1', 2n)]],
    ['an endpoint that the store does not have', [entry('s/1', 2n), entry('s/2', 3n), entry('s/3', 4n)]],
    ['an endpoint with an old revision', [entry('s/1', 2n), entry('s/2', 2n)]],
    ['an endpoint with another address', [entry('s/1', 2n), entry('s/2', 3n, 'b:1')]],
    ['an endpoint that occurs twice', [entry('s/1', 2n), entry('s/2', 3n), entry('s/2', 3n)]],
    ['an empty view', []],
  ] as const) {
    it(`find ${what}`, () => {
      const lines = linesOf(shown);
      assert.match(difference('view', stored, lines) ?? '', /^view: /);
      assert.notEqual(digestOf(lines), digestOf(stored));
    });
  }

  it('name the entries that differ', () => {
    const text = difference('view', stored, linesOf([entry('s/1', 2n), entry('s/2', 4n)]));
    assert.equal(
      text,
      'view: 1 entries of the store are missing, 1 are not in it, 2 shown: -s/2 3 a:1, +s/2 4 a:1',
    );
  });

  it('accept every revision once', () => {
    assert.equal(exactlyOnce('watch', [3n, 4n, 5n], 2n, 5n), undefined);
    assert.equal(exactlyOnce('watch', [], 2n, 2n), undefined);
  });

  for (const [what, revisions, text] of [
    ['a revision that is missing', [3n, 5n], 'watch: revision 4 is missing before 5'],
    ['the first that is missing', [4n, 5n], 'watch: revision 3 is missing before 4'],
    ['the last that is missing', [3n, 4n], 'watch: ended at 4 of 5'],
    ['a revision that occurs twice', [3n, 4n, 4n, 5n], 'watch: revision 4 again, or after 4'],
    ['revisions in the wrong order', [3n, 5n, 4n], 'watch: revision 4 is missing before 5'],
    ['one too many', [3n, 4n, 5n, 6n], 'watch: ended at 6 of 5'],
    ['no events', [], 'watch: ended at 2 of 5'],
  ] as const) {
    it(`find ${what}`, () => assert.equal(exactlyOnce('watch', revisions, 2n, 5n), text));
  }
});

describe('the arithmetic of the scale campaign', () => {
  it('takes order statistics by the nearest rank, in any order', () => {
    assert.deepEqual(spreadOf([3, 1, 2]), { p50: 2, p99: 3, max: 3 });
    assert.deepEqual(spreadOf(Array.from({ length: 200 }, (_, i) => i + 1)), {
      p50: 100,
      p99: 198,
      max: 200,
    });
    assert.deepEqual(spreadOf([]), { p50: Number.NaN, p99: Number.NaN, max: Number.NaN });
  });

  it('finds the busiest second of a total that grows', () => {
    const samples = [
      { atMs: 0, count: 0 },
      { atMs: 500, count: 10 },
      { atMs: 1_000, count: 20 },
      { atMs: 1_500, count: 90 },
      { atMs: 2_000, count: 100 },
      { atMs: 4_000, count: 150 },
    ];
    assert.equal(peakOf(samples, 1_000), 80);
    assert.equal(peakOf([], 1_000), 0);
    assert.equal(peakOf([samples[0]!, { atMs: 4_000, count: 400 }], 1_000), 100);
  });

  it('does the work in a window, and returns the results in order', async () => {
    let active = 0;
    let most = 0;
    const results = await windowed([3, 1, 2, 0], 2, async (turns, i) => {
      most = Math.max(most, ++active);
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      active--;
      return i;
    });
    assert.deepEqual([results, most], [[0, 1, 2, 3], 2]);
  });
});
