import assert from 'node:assert/strict';
import { CreateQueue } from '#src/watch/core/create-queue.js';

/** Sends as many creates as there is room for. */
function fill(queue: CreateQueue, from: number): number {
  let id = from;
  while (queue.canSend && id < from + 1_000) queue.add(BigInt(id++));
  return id;
}

describe('the queue of creates', () => {
  it('holds one until the server has echoed an id, then 256', () => {
    const queue = new CreateQueue();
    assert.equal(fill(queue, 1), 2);
    assert.equal(queue.takeCreated(1n), 1n);
    assert.equal(fill(queue, 2), 258);
    assert.equal(queue.size, 256);
  });

  it('goes on one by one with a server that gives ids of its own', () => {
    const queue = new CreateQueue();
    fill(queue, 1);
    assert.equal(queue.takeCreated(0n), 1n, 'the answer is for the one that waits');
    assert.equal(fill(queue, 2), 3);
    assert.equal(queue.takeCreated(1n), 2n);
    assert.equal(fill(queue, 3), 4);
  });

  it('opens no window for a refusal, which proves nothing about ids', () => {
    const queue = new CreateQueue();
    fill(queue, 1);
    assert.equal(queue.takeRefused(), 1n);
    assert.equal(fill(queue, 2), 3);
    assert.equal(queue.takeCreated(2n), 2n);
    assert.equal(fill(queue, 3), 3 + 256);
  });

  it('takes successes by their id and refusals from its head', () => {
    const queue = new CreateQueue();
    fill(queue, 1);
    queue.takeCreated(1n);
    for (const id of [2, 3, 4]) queue.add(BigInt(id));
    assert.equal(queue.takeCreated(3n), 3n);
    assert.equal(queue.takeRefused(), 2n);
    assert.equal(queue.takeRefused(), 4n);
    assert.equal(queue.takeRefused(), undefined);
    assert.equal(queue.takeCreated(9n), undefined, 'nothing waits');
  });
});
