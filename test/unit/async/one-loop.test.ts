import assert from 'node:assert/strict';
import { OneLoop, Subscription, secondLoopError } from '#src/async/index.js';

async function* numbers(): AsyncGenerator<number, undefined, undefined> {
  yield 1;
  yield 2;
  yield 3;
  return undefined;
}

const oneLoop = (items = numbers()) => new OneLoop(items, () => secondLoopError('a stream', 'read'));

async function read<T>(items: AsyncIterable<T>, count = Number.POSITIVE_INFINITY): Promise<T[]> {
  const read: T[] = [];
  for await (const item of items) {
    read.push(item);
    if (read.length === count) break;
  }
  return read;
}

describe('an iteration for one loop', () => {
  it('throws when a second loop begins, also after the first has ended or was left', async () => {
    const message = 'a stream can be iterated once; call read() again';
    for (const count of [1, Number.POSITIVE_INFINITY]) {
      const items = oneLoop();
      await read(items, count);
      await assert.rejects(read(items), { name: 'TypeError', message });
    }
  });

  it('passes its items to one loop after next() was called', async () => {
    const items = oneLoop();
    assert.deepEqual(await items.next(), { done: false, value: 1 });
    assert.deepEqual(await read(items), [2, 3]);
  });

  it('has an iterator that loops may read in turn', async () => {
    const iterator = oneLoop()[Symbol.asyncIterator]();
    await iterator.next();
    assert.deepEqual(await read({ [Symbol.asyncIterator]: () => iterator }), [2, 3]);
    const other = oneLoop()[Symbol.asyncIterator]();
    assert.deepEqual(await read(other), [1, 2, 3]);
    assert.deepEqual(await read(other), []);
  });

  it('is ended by return(), throw() and asyncDispose', async () => {
    const ends: ((items: OneLoop<number>) => Promise<unknown>)[] = [
      (items) => items.return(),
      (items) => assert.rejects(items.throw(new Error('enough')), /enough/),
      (items) => items[Symbol.asyncDispose](),
    ];
    for (const end of ends) {
      let unsubscribed = 0;
      const subscribe = () => () => {
        unsubscribed++;
      };
      const source = new Subscription<number>(subscribe, { maxQueued: 1, signal: undefined });
      const items = oneLoop(source);
      await end(items);
      assert.equal(unsubscribed, 1);
      assert.deepEqual(await items.next(), { done: true, value: undefined });
    }
  });
});
