import assert from 'node:assert/strict';
import { serverTarget } from '../../fuzz/server/target.js';

/** Duration of the faults in each run. The recovery afterwards may take several seconds more. */
const seconds = 4;

describe('a client of a server that gives false answers', function () {
  this.timeout(240_000);

  for (const seed of [20_261_129, Math.floor(Math.random() * 2 ** 31)]) {
    it(`does not crash, hang or spin, keeps memory bounded, and recovers (npm run fuzz -- --seconds ${seconds} --seed ${seed})`, async () => {
      const { counts, failures } = await serverTarget.run({ seconds, seed });
      assert.deepEqual(failures, []);
      assert.ok(Object.keys(counts).length > 5, `only ${Object.keys(counts).join(', ')}`);
    });
  }
});
