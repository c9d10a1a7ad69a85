import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.js';
import { type Loop, loops, manyWatchers } from './pacing-loops.js';

/** How long every attempt of a loop fails. */
const failingMs = 1_000;

async function requestsOf(loop: Loop): Promise<number> {
  let requests = 0;
  const running = await loop.start(() => requests++);
  const start = performance.now();
  await eventually('time has passed', () => performance.now() - start > failingMs);
  const during = requests;
  await running.stop();
  return during;
}

describe('every retry loop', () => {
  for (const [name, loop] of Object.entries(loops)) {
    // One at a time, because a loop that does not pause would starve the others.
    it(`is paced: ${name}`, async () => {
      const count = await requestsOf(loop);
      assert.ok(count > 0, 'the peer received no request');
      assert.ok(count <= 70, `${count} requests in ${failingMs} ms; a loop without pauses makes hundreds`);
    });
  }

  it('is paced by the number of streams, not of watchers, while two hundred watchers catch up', async () => {
    const count = await requestsOf(manyWatchers);
    assert.ok(count <= 400, `${count} streams and creates in ${failingMs} ms`);
  });
});
