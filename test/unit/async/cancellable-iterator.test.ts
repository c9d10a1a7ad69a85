import assert from 'node:assert/strict';
import { CancellableIterator, raceAbort } from '#src/async/index.js';

/** Gives one item, then waits for ever; counts how often it ended. */
function waiting() {
  const seen = { ended: 0 };
  const iteration = new CancellableIterator(async function* (leaving) {
    try {
      yield 1;
      await raceAbort(new Promise<never>(() => {}), leaving);
    } finally {
      seen.ended++;
    }
    return undefined;
  });
  return { iteration, seen };
}

const done = { done: true, value: undefined };

describe('an iteration that can be left', () => {
  it('ends at once while its reader waits, and so do all the waits', async () => {
    const { iteration, seen } = waiting();
    await iteration.next();
    const waits = [iteration.next(), iteration.next()];
    assert.deepEqual(await iteration.return(), done);
    assert.deepEqual(await Promise.all(waits), [done, done]);
    assert.equal(seen.ended, 1);
  });

  it('rejects with what was thrown into it, while its reader waits', async () => {
    const { iteration, seen } = waiting();
    await iteration.next();
    const wait = iteration.next();
    const thrown = new Error('enough');
    await assert.rejects(iteration.throw(thrown), thrown);
    assert.deepEqual(await wait, done);
    assert.equal(seen.ended, 1);
  });

  it('never begins when it is left before its first item', async () => {
    const { iteration, seen } = waiting();
    assert.deepEqual(await iteration.return(), done);
    assert.deepEqual(await iteration.next(), done);
    assert.equal(seen.ended, 0);
  });

  it('throws what the work throws', async () => {
    const failure = new Error('broken');
    const iteration = new CancellableIterator<number>(async function* () {
      yield 1;
      throw failure;
    });
    await iteration.next();
    await assert.rejects(iteration.next(), failure);
  });
});
