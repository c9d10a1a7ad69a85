import assert from 'node:assert/strict';
import { jsonTarget } from '../../fuzz/json/target.js';
import { recordsTarget } from '../../fuzz/records/target.js';

/** Enough for a few thousand values per target on a slow machine. */
const seconds = 2;
const seeds = [20_261_129, Math.floor(Math.random() * 2 ** 31)];

describe('values that any client may have stored', function () {
  this.timeout(300_000); // a Go program may have to be built first

  for (const target of [jsonTarget, recordsTarget]) {
    for (const seed of seeds) {
      it(`are harmless: ${target.about} (npm run fuzz -- --target ${target.name} --seconds ${seconds} --seed ${seed})`, async () => {
        const { counts, failures } = await target.run({ seconds, seed });
        assert.deepEqual(failures, []);
        assert.ok(Object.values(counts).filter((count) => count > 10).length >= 1, JSON.stringify(counts));
      });
    }
  }
});
