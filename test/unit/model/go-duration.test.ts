import assert from 'node:assert/strict';
import { parseGoDuration } from '#src/model/go-duration.js';

/** The results of Go 1.25's time.ParseDuration. */
const read: Readonly<Record<string, number>> = {
  ...{ '0': 0, '-0': 0, '+0': 0, '.5s': 500, '5.s': 5_000, '+5s': 5_000, '1.s': 1_000, '-1s': -1_000 },
  ...{ '1\u00b5s': 1e-3, '1\u03bcs': 1e-3, '1us': 1e-3, '1ns': 1e-6, '1s1s': 2_000, '00.10m': 6_000 },
  ...{ '1h30m': 5_400_000, '1m30.5s': 90_500, '600h': 2_160_000_000, '100ms': 100, '0s': 0 },
  '2562047h47m16s': 9_223_372_036_000,
};
const refused = [
  '',
  '.s',
  's',
  '5',
  '1d',
  '1e3s',
  '2562048h',
  '1h-1m',
  '1m .5s',
  ' 5s',
  '5s ',
  '--1s',
  '5S',
  '1,5s',
];

describe('a duration in Go’s spelling', () => {
  it('is parsed as Go parses it', () => {
    for (const [text, ms] of Object.entries(read)) {
      const found = parseGoDuration(text) ?? Number.NaN;
      assert.ok(Math.abs(found - ms) <= Math.abs(ms) * 1e-12, `${text}: ${found}`);
    }
  });

  it('is rejected when Go rejects it', () => {
    for (const text of refused) assert.equal(parseGoDuration(text), undefined, text);
  });

  it('is parsed in linear time', () => {
    assert.equal(parseGoDuration('1'.repeat(1_000_000)), undefined);
    assert.equal(parseGoDuration(`${'1s'.repeat(200_000)}x`), undefined);
  });
});
