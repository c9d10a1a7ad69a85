import assert from 'node:assert/strict';
import { compareWithGo } from '../fuzz/json/target.js';
import { goOrSkip } from './support/go-naming.js';
import { addResult } from './support/table.js';

const values = 1_000_000;

describe('random stored values', function () {
  this.timeout(900_000);

  before(function () {
    return goOrSkip(this, 'go-corpus');
  });

  it(`are decoded or rejected as by Go: ${values} values`, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const { counts, failures } = await compareWithGo({ seed, shouldContinue: (done) => done < values });
    assert.deepEqual(failures, [], `npm run fuzz -- --target json --seed ${seed}`);
    const [read = 0, refused = 0] = [counts['decoded by both'], counts['rejected by both']];
    assert.equal(read + refused, values);
    assert.ok(Math.min(read, refused) > values / 5, `${read} decoded, ${refused} rejected`);
    addResult({
      wrote: 'by hand',
      what: '1,000,000 random values: repeated names, unusual numbers, depth, surrogates, bytes that are not UTF-8',
      read: 'both',
      bytes: 'n/a',
      result: 'same endpoints, and the same values skipped',
    });
  });
});
