import assert from 'node:assert/strict';
import { addresses } from '../fuzz/names/addresses.js';
import { type Comparison, compareTarget } from '../fuzz/names/compare.js';
import { keys } from '../fuzz/names/keys.js';
import { targets } from '../fuzz/names/targets.js';
import { goOrSkip } from './support/go-naming.js';

describe('arbitrary texts, parsed by Go and by us', function () {
  this.timeout(120_000);
  for (const program of ['go-parsers', 'go-keys'] as const)
    before(async function () {
      await goOrSkip(this, program);
    });

  compare(addresses);
  compare(targets);
  compare(keys);

  function compare<Reading>(comparison: Comparison<Reading>): void {
    it(`are the same ${comparison.name}`, async () => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const { counts, figures, failures } = await compareTarget(comparison).run({ seconds: 5, seed });
      assert.deepEqual(failures, [], `seed ${seed}`);
      assert.ok(figures.includes('compared with Go'), figures.join());
      assert.ok(Object.keys(counts).length >= 3, `only ${Object.keys(counts).join(', ')}`);
    });
  }
});
