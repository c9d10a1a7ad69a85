import assert from 'node:assert/strict';
import { formatDuration } from '#src/cli/output/text.js';
import { durationText, isoText, pluralize, sizeText, timeText } from '#ui/browser/text/index.js';

describe('quantities on the page', () => {
  it('has durations as the command writes them', () => {
    for (const ms of [-5, 0, 999, 1_000, 119_999, 120_000, 7_199_999, 7_200_000, 172_799_999, 172_800_000])
      assert.equal(durationText(ms), formatDuration(ms));
  });

  it('has sizes with three digits', () => {
    const texts = [0, 999, 1_000, 99_949, 99_950, 999_499, 999_500, 2_147_483_648, 5e15].map(sizeText);
    assert.deepEqual(texts, [
      '0 B',
      '999 B',
      '1.0 kB',
      '99.9 kB',
      '100 kB',
      '999 kB',
      '1.0 MB',
      '2.1 GB',
      '5000 TB',
    ]);
  });

  it('has the plural of a noun', () => {
    assert.deepEqual(
      [0, 1, 2].map((n) => pluralize(n, 'waiter')),
      ['0 waiters', '1 waiter', '2 waiters'],
    );
  });
});

describe('times on the page', () => {
  const now = new Date(2026, 2, 1, 14, 3, 9).getTime();

  it('has the date only of another day', () => {
    assert.equal(timeText(now, now), '14:03:09');
    assert.equal(timeText(now - 86_400_000, now), '2026-02-28 14:03:09');
  });

  it('has the time in UTC for titles', () => {
    assert.equal(isoText(0), '1970-01-01T00:00:00.000Z');
  });

  it('does not throw for a number that is not a time', () => {
    for (const at of [Number.NaN, Infinity, 9e15]) {
      assert.equal(isoText(at), '');
      assert.match(timeText(at, now), /unknown time/);
    }
  });
});
