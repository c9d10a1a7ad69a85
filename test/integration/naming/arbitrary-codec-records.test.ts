import assert from 'node:assert/strict';
import { tryRounds } from '../../fuzz/codecs/stored.js';
import { skipIfExternal, useEtcd } from '../../support/etcd.js';
import { Opened } from '../../support/naming/opened.js';

/** Six formats take turns. */
const rounds = 12;

describe('a valid record beside arbitrary bytes, in the format of each codec', function () {
  this.timeout(120_000);
  // The keys of the formats are fixed, so a random prefix cannot be added.
  before(function () {
    skipIfExternal(this);
  });
  const etcd = useEtcd();
  const opened = new Opened();
  afterEach(() => opened.close());
  const seed = Math.floor(Math.random() * 2 ** 31);

  it(`is in the list, in all views, and in the directory (seed ${seed})`, async () => {
    const { counts, failures } = await tryRounds(
      opened.client(etcd().endpoints),
      seed,
      (done) => done < rounds,
    );
    assert.deepEqual(failures, []);
    assert.equal(Object.keys(counts).length, 6, JSON.stringify(counts));
  });
});
