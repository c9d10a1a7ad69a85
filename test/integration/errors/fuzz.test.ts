import assert from 'node:assert/strict';
import { serverTarget } from '../../fuzz/server/target.js';

/** Each run ends with a recovery, which may take pauses and leases of some seconds. */
const seconds = 4;

describe('the client of a server that lies', function () {
  this.timeout(240_000);

  for (const seed of [20_261_129, Math.floor(Math.random() * 2 ** 31)]) {
    it(`neither crashes nor hangs nor spins, keeps its memory, and recovers (npm run fuzz -- --seconds ${seconds} --seed ${seed})`, async () => {
      const { counts, failures } = await serverTarget.run({ seconds, seed });
      assert.deepEqual(failures, []);
      assert.ok(Object.keys(counts).length > 5, `only ${Object.keys(counts).join(', ')}`);
    });
  }
});
