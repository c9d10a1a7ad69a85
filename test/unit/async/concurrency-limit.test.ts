import assert from 'node:assert/strict';
import { ConcurrencyLimit } from '#src/async/index.js';

describe('a concurrency limit', () => {
  const { signal } = new AbortController();
  const turns = () => new Promise<void>((resolve) => setImmediate(resolve));

  it('runs at most max tasks at a time, and the others in order, also after a failure', async () => {
    const limit = new ConcurrencyLimit(2);
    const started: number[] = [];
    const ends: ((error?: Error) => void)[] = [];
    const all = Array.from({ length: 5 }, (_, i) =>
      limit
        .run(
          () =>
            new Promise<void>((resolve, reject) => {
              started.push(i);
              ends.push((error) => (error ? reject(error) : resolve()));
            }),
          signal,
        )
        .catch(() => {}),
    );
    await turns();
    assert.deepEqual(started, [0, 1]);
    ends[1]?.(new Error('no'));
    await turns();
    assert.deepEqual(started, [0, 1, 2]);
    for (let next = 0; next < 5; next++) {
      ends[next]?.();
      await turns();
    }
    await Promise.all(all);
    assert.deepEqual(started, [0, 1, 2, 3, 4]);
  });

  it('does not run a task whose signal aborts before its turn', async () => {
    const limit = new ConcurrencyLimit(1);
    let end = () => {};
    const first = limit.run(() => new Promise<void>((resolve) => (end = resolve)), signal);
    const abort = new AbortController();
    let ran = 0;
    const aborted = limit.run(async () => ran++, abort.signal);
    const last = limit.run(async () => ran++, signal);
    const reason = new Error('enough');
    abort.abort(reason);
    await assert.rejects(aborted, (error) => error === reason);
    end();
    await Promise.all([first, last]);
    assert.equal(ran, 1);
    assert.equal(await limit.run(async () => 'free', signal), 'free');
  });
});
