import assert from 'node:assert/strict';
import { addresses } from '../../fuzz/names/addresses.js';
import { type Comparison, compareTarget } from '../../fuzz/names/compare.js';
import { targets } from '../../fuzz/names/targets.js';

const seconds = 1;

/** `npm run fuzz` and the interop suite also compare with Go. */
describe('arbitrary texts', () => {
  compare(addresses);
  compare(targets);

  function compare<Reading>(comparison: Comparison<Reading>): void {
    for (const seed of [20_261_129, Math.floor(Math.random() * 2 ** 31)]) {
      it(`are parsed as grpc-js parses them, as ${comparison.name} (npm run fuzz -- --target ${comparison.name} --seed ${seed})`, async () => {
        const { counts, failures } = await compareTarget(comparison, false).run({ seconds, seed });
        assert.deepEqual(failures, []);
        assert.ok(Object.keys(counts).length >= 3, `only ${Object.keys(counts).join(', ')}`);
      });
    }
  }
});
