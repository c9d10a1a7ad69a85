import assert from 'node:assert/strict';
import { codecsTarget } from '../../fuzz/codecs/target.js';

/** Enough for a thousand services on a slow machine. */
const seconds = 3;
const seeds = [20_261_130, Math.floor(Math.random() * 2 ** 31)];

describe('values that any client may have stored in the formats of codecs', function () {
  this.timeout(60_000);

  for (const seed of seeds)
    it(`are harmless (npm run fuzz -- --target codecs --seconds ${seconds} --seed ${seed})`, async () => {
      const { counts, failures } = await codecsTarget.run({ seconds, seed });
      assert.deepEqual(failures, []);
      for (const name of ['endpoints', 'go-zero', 'kratos', 'kitex', 'go-micro', 'coredns']) {
        const kinds = Object.keys(counts).filter((kind) => kind.startsWith(`${name}: `));
        assert.ok(kinds.includes(`${name}: read and written`) && kinds.length > 1, JSON.stringify(counts));
      }
    });
});
