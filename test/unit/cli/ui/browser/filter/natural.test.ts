import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compareNatural } from '#ui/browser/filter/natural.js';

const text = fc
  .array(fc.constantFrom('0', '1', '2', '9', 'a', '.', '-'), { maxLength: 6 })
  .map((parts) => parts.join(''));

describe('the natural order of texts', () => {
  it('has runs of digits by their value', () => {
    const sorted = [
      '',
      '01',
      '1',
      '1.9.0',
      '1.10.0',
      '2',
      '10.0.0.1',
      '10.0.0.2',
      '10.0.0.10',
      'a2',
      'a10',
      'b',
    ];
    assert.deepEqual(sorted.toReversed().sort(compareNatural), sorted);
  });

  it('compares numbers of any length', () => {
    const long = '9'.repeat(100_000);
    assert.ok(compareNatural(`a${long}`, `a1${'0'.repeat(100_000)}`) < 0);
    assert.equal(compareNatural(long, long), 0);
  });

  it('is total: only the same texts are equal, and it is transitive', () => {
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        assert.equal(compareNatural(a, b) === 0, a === b);
        assert.equal(Math.sign(compareNatural(a, b)), -Math.sign(compareNatural(b, a)) + 0);
        const [x, y, z] = [a, b, c].sort(compareNatural) as [string, string, string];
        assert.ok(compareNatural(x, y) <= 0 && compareNatural(y, z) <= 0 && compareNatural(x, z) <= 0);
      }),
      { numRuns: 2_000 },
    );
  });
});
