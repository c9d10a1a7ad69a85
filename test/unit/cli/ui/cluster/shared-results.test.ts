import assert from 'node:assert/strict';
import { pending } from '#src/async/index.js';
import { SharedResults } from '#src/cli/ui/cluster/shared-results.js';

describe('SharedResults', () => {
  let now: number;
  let results: SharedResults<number>;
  let loads: number;

  beforeEach(() => {
    [now, loads] = [0, 0];
    const clock = { now: () => now, setTimer: () => () => {} };
    results = new SharedResults({ maxAgeMs: 1_000, maxCount: 2 }, clock);
  });

  const load = async () => ++loads;

  it('loads a result once for all that ask at the same time', async () => {
    const loading = pending<number>();
    const first = results.get('a', () => loading.promise);
    const second = results.get('a', load);
    loading.resolve(5);
    assert.deepEqual([await first, await second, loads], [5, 5, 0]);
  });

  it('keeps a result for its time, from when it was loaded', async () => {
    assert.equal(await results.get('a', load), 1);
    now = 999;
    assert.equal(await results.get('a', load), 1);
    now = 1_000;
    assert.equal(await results.get('a', load), 2);
  });

  it('does not keep a failure', async () => {
    const failure = new Error('failed');
    await assert.rejects(
      results.get('a', () => Promise.reject(failure)),
      failure,
    );
    assert.equal(await results.get('a', load), 1);
  });

  it('keeps a limited number of results', async () => {
    for (const key of ['a', 'b', 'c']) await results.get(key, load);
    assert.equal(await results.get('c', load), 3);
    assert.equal(await results.get('a', load), 4);
  });
});
