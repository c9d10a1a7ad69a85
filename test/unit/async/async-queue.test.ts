import assert from 'node:assert/strict';
import { AsyncQueue } from '#src/async/index.js';

const done = { done: true, value: undefined };
const item = <T>(value: T) => ({ done: false, value });

describe('an async queue', () => {
  it('resolves takes in the order of the puts, whichever came first', async () => {
    const box = new AsyncQueue<number>();
    const pending = box.take();
    box.put(1);
    box.put(2);
    box.put(3);
    assert.deepEqual(await pending, item(1));
    assert.deepEqual(await box.take(), item(2));
    assert.deepEqual(await box.take(), item(3));
  });

  it('counts the queued items and calls onTake when an item is taken', async () => {
    const taken: number[] = [];
    const box = new AsyncQueue<number>((value) => taken.push(value));
    box.put(1);
    box.put(2);
    assert.equal(box.size, 2);
    assert.deepEqual(taken, []);
    await box.take();
    assert.equal(box.size, 1);
    assert.deepEqual(taken, [1]);
    await box.take();
    const waiting = box.take();
    box.put(3);
    assert.deepEqual(taken, [1, 2, 3]);
    await waiting;
  });

  it('keeps order and count over thousands of items put and taken alternately', async () => {
    const box = new AsyncQueue<number>();
    const seen: number[] = [];
    let next = 0;
    for (let round = 0; round < 50; round++) {
      for (let i = 0; i < 200; i++) box.put(next++);
      for (let i = 0; i < 150; i++) seen.push((await box.take()).value!);
      assert.equal(box.size, next - seen.length);
    }
    while (box.size > 0) seen.push((await box.take()).value!);
    assert.deepEqual(
      seen,
      Array.from({ length: next }, (_, i) => i),
    );
  });

  it('rejects a second take while one is pending', async () => {
    const box = new AsyncQueue<number>();
    const first = box.take();
    await assert.rejects(box.take(), /only one next\(\) may be pending/);
    box.put(1);
    assert.deepEqual(await first, item(1));
  });

  describe('that has ended', () => {
    it('returns the items put before, then done for every further take', async () => {
      const box = new AsyncQueue<number>();
      box.put(1);
      box.end();
      box.put(2);
      assert.equal(box.ended, true);
      assert.deepEqual(await box.take(), item(1));
      assert.deepEqual(await box.take(), done);
      assert.deepEqual(await box.take(), done);
    });

    it('with an error rejects once with it, after the items put before', async () => {
      const error = new Error('lost');
      const box = new AsyncQueue<number>();
      box.put(1);
      box.end(error);
      box.end(new Error('a later one'));
      assert.deepEqual(await box.take(), item(1));
      await assert.rejects(box.take(), (thrown) => thrown === error);
      assert.deepEqual(await box.take(), done);
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
      const box = new AsyncQueue<number>();
      box.put(1);
      box.discard();
      assert.equal(box.size, 0);
      assert.deepEqual(await box.take(), done);
    });

    it('drops its items and rejects with the reason', async () => {
      const reason = new Error('aborted');
      const box = new AsyncQueue<number>();
      box.put(1);
      box.discard(reason);
      await assert.rejects(box.take(), (thrown) => thrown === reason);
      assert.deepEqual(await box.take(), done);
    });

    it('resolves a pending take with done', async () => {
      const box = new AsyncQueue<number>();
      const taken = box.take();
      box.discard();
      assert.deepEqual(await taken, done);
    });
  });
});
