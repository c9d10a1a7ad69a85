import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.js';
import { type Loop, loops, manyWatchers } from './pacing-loops.js';

/** For so long each of them fails, again and again. */
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

describe('whatever is tried again', () => {
  for (const [name, loop] of Object.entries(loops)) {
    // One at a time: a loop that does not pause would keep the others from failing.
    it(`is paced: ${name}`, async () => {
      const count = await requestsOf(loop);
      assert.ok(count > 0, 'nothing was asked at all');
      assert.ok(count <= 70, `${count} requests in ${failingMs} ms; one that does not pause makes hundreds`);
    });
  }

  it('is as rare for two hundred watchers that catch up as for the streams they may have', async () => {
    const count = await requestsOf(manyWatchers);
    assert.ok(count <= 400, `${count} streams and creates in ${failingMs} ms`);
  });
});
