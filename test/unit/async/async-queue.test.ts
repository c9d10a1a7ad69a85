import assert from 'node:assert/strict';
import { AsyncQueue } from '#src/async/index.js';

const done = { done: true, value: undefined };
const item = <T>(value: T) => ({ done: false, value });

describe('an async queue', () => {
  it('resolves takes in the order of the puts, whichever came first', async () => {
    const queue = new AsyncQueue<number>();
    const pending = queue.take();
    queue.put(1);
    queue.put(2);
    queue.put(3);
    assert.deepEqual(await pending, item(1));
    assert.deepEqual(await queue.take(), item(2));
    assert.deepEqual(await queue.take(), item(3));
  });

  it('counts the queued items and calls onTake when an item is taken', async () => {
    const taken: number[] = [];
    const queue = new AsyncQueue<number>((value) => taken.push(value));
    queue.put(1);
    queue.put(2);
    assert.equal(queue.size, 2);
    assert.deepEqual(taken, []);
    await queue.take();
    assert.equal(queue.size, 1);
    assert.deepEqual(taken, [1]);
    await queue.take();
    const waiting = queue.take();
    queue.put(3);
    assert.deepEqual(taken, [1, 2, 3]);
    await waiting;
  });

  it('keeps order and count over thousands of items put and taken alternately', async () => {
    const queue = new AsyncQueue<number>();
    const seen: number[] = [];
    let next = 0;
    for (let round = 0; round < 50; round++) {
      for (let i = 0; i < 200; i++) queue.put(next++);
      for (let i = 0; i < 150; i++) seen.push((await queue.take()).value!);
      assert.equal(queue.size, next - seen.length);
    }
    while (queue.size > 0) seen.push((await queue.take()).value!);
    assert.deepEqual(
      seen,
      Array.from({ length: next }, (_, i) => i),
    );
  });

  it('rejects a second take while one is pending', async () => {
    const queue = new AsyncQueue<number>();
    const first = queue.take();
    await assert.rejects(queue.take(), /only one next\(\) may be pending/);
    queue.put(1);
    assert.deepEqual(await first, item(1));
  });

  describe('that has ended', () => {
    it('returns the items put before, then done for every further take', async () => {
      const queue = new AsyncQueue<number>();
      queue.put(1);
      queue.end();
      queue.put(2);
      assert.equal(queue.ended, true);
      assert.deepEqual(await queue.take(), item(1));
      assert.deepEqual(await queue.take(), done);
      assert.deepEqual(await queue.take(), done);
    });

    it('with an error rejects once with it, after the items put before', async () => {
      const error = new Error('lost');
      const queue = new AsyncQueue<number>();
      queue.put(1);
      queue.end(error);
      queue.end(new Error('a later one'));
      assert.deepEqual(await queue.take(), item(1));
      await assert.rejects(queue.take(), (thrown) => thrown === error);
      assert.deepEqual(await queue.take(), done);
    });

    it('settles a pending take', async () => {
      const error = new Error('lost');
      const failing = new AsyncQueue<number>();
      const rejected = assert.rejects(failing.take(), (thrown) => thrown === error);
      failing.end(error);
      await rejected;
      const ending = new AsyncQueue<number>();
      const taken = ending.take();
      ending.end();
      assert.deepEqual(await taken, done);
    });
  });

  describe('that is discarded', () => {
    it('drops its items and ends', async () => {
      const queue = new AsyncQueue<number>();
      queue.put(1);
      queue.discard();
      assert.equal(queue.size, 0);
      assert.deepEqual(await queue.take(), done);
    });

    it('drops its items and rejects with the reason', async () => {
      const reason = new Error('aborted');
      const queue = new AsyncQueue<number>();
      queue.put(1);
      queue.discard(reason);
      await assert.rejects(queue.take(), (thrown) => thrown === reason);
      assert.deepEqual(await queue.take(), done);
    });

    it('resolves a pending take with done', async () => {
      const queue = new AsyncQueue<number>();
      const taken = queue.take();
      queue.discard();
      assert.deepEqual(await taken, done);
    });
  });
});
