import assert from 'node:assert/strict';
import { addresses } from '../fuzz/names/addresses.js';
import { compareTarget } from '../fuzz/names/compare.js';
import { targets } from '../fuzz/names/targets.js';
import { goOrSkip } from './support/go-naming.js';

describe('arbitrary texts, parsed by Go and by us', function () {
  this.timeout(120_000);
  before(async function () {
    await goOrSkip(this, 'go-parsers');
  });

  for (const comparison of [addresses, targets])
    it(`are the same ${comparison.name}`, async () => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const { counts, figures, failures } = await compareTarget(comparison).run({ seconds: 5, seed });
      assert.deepEqual(failures, [], `seed ${seed}`);
      assert.deepEqual(figures, ['compared with Go']);
      assert.ok(Object.keys(counts).length >= 3, `only ${Object.keys(counts).join(', ')}`);
    });
});
