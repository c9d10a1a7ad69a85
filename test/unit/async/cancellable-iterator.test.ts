import assert from 'node:assert/strict';
import { CancellableIterator, raceAbort } from '#src/async/index.js';

/** Yields one item, then waits without end; counts how often the generator ended. */
function waiting() {
  const counts = { ended: 0 };
  const iteration = new CancellableIterator(async function* (signal) {
    try {
      yield 1;
      await raceAbort(new Promise<never>(() => {}), signal);
    } finally {
      counts.ended++;
    }
    return undefined;
  });
  return { iteration, counts };
}

const done = { done: true, value: undefined };

describe('a cancellable iterator', () => {
  it('ends immediately while next() is pending, and so does each pending next()', async () => {
    const { iteration, counts } = waiting();
    await iteration.next();
    const waits = [iteration.next(), iteration.next()];
    assert.deepEqual(await iteration.return(), done);
    assert.deepEqual(await Promise.all(waits), [done, done]);
    assert.equal(counts.ended, 1);
  });

  it('rejects throw() with its error while next() is pending', async () => {
    const { iteration, counts } = waiting();
    await iteration.next();
    const wait = iteration.next();
    const thrown = new Error('enough');
    await assert.rejects(iteration.throw(thrown), thrown);
    assert.deepEqual(await wait, done);
    assert.equal(counts.ended, 1);
  });

  it('does not start when it is ended before the first next()', async () => {
    const { iteration, counts } = waiting();
    assert.deepEqual(await iteration.return(), done);
    assert.deepEqual(await iteration.next(), done);
    assert.equal(counts.ended, 0);
  });

  it("rejects with the generator's own error", async () => {
    const failure = new Error('broken');
    const iteration = new CancellableIterator<number>(async function* () {
      yield 1;
      throw failure;
    });
    await iteration.next();
    await assert.rejects(iteration.next(), failure);
  });
});
