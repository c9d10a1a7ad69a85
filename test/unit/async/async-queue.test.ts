import assert from 'node:assert/strict';
import { AsyncQueue } from '#src/async/index.js';

const done = { done: true, value: undefined };
const item = <T>(value: T) => ({ done: false, value });

describe('a mailbox', () => {
  it('hands over in the order of putting, to takers before and after', async () => {
    const box = new AsyncQueue<number>();
    const early = box.take();
    box.put(1);
    box.put(2);
    box.put(3);
    assert.deepEqual(await early, item(1));
    assert.deepEqual(await box.take(), item(2));
    assert.deepEqual(await box.take(), item(3));
  });

  it('counts what waits and tells what is taken, when it is taken', async () => {
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

  it('keeps order and count over many thousand items put and taken in turns', async () => {
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

  it('refuses a second taker while the first waits', async () => {
    const box = new AsyncQueue<number>();
    const first = box.take();
    await assert.rejects(box.take(), /one taker at a time/);
    box.put(1);
    assert.deepEqual(await first, item(1));
  });

  describe('that ended', () => {
    it('hands over what was put before, then ends, again and again', async () => {
      const box = new AsyncQueue<number>();
      box.put(1);
      box.end();
      box.put(2);
      assert.equal(box.ended, true);
      assert.deepEqual(await box.take(), item(1));
      assert.deepEqual(await box.take(), done);
      assert.deepEqual(await box.take(), done);
    });

    it('with an error tells it once, after what was put before', async () => {
      const error = new Error('lost');
      const box = new AsyncQueue<number>();
      box.put(1);
      box.end(error);
      box.end(new Error('a later one'));
      assert.deepEqual(await box.take(), item(1));
      await assert.rejects(box.take(), (thrown) => thrown === error);
      assert.deepEqual(await box.take(), done);
    });

    it('tells a taker that waits', async () => {
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
    it('forgets what waits, and ends', async () => {
      const box = new AsyncQueue<number>();
      box.put(1);
      box.discard();
      assert.equal(box.size, 0);
      assert.deepEqual(await box.take(), done);
    });

    it('forgets what waits, and tells the reason', async () => {
      const reason = new Error('aborted');
      const box = new AsyncQueue<number>();
      box.put(1);
      box.discard(reason);
      await assert.rejects(box.take(), (thrown) => thrown === reason);
      assert.deepEqual(await box.take(), done);
    });

    it('lets go of a taker that waits', async () => {
      const box = new AsyncQueue<number>();
      const taken = box.take();
      box.discard();
      assert.deepEqual(await taken, done);
    });
  });
});
