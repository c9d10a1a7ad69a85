import assert from 'node:assert/strict';
import { CreateQueue } from '#src/watch/core/stream/create-queue.js';

/** Sends as many creates as the queue allows. */
function fill(queue: CreateQueue, from: number): number {
  let id = from;
  while (queue.canSend && id < from + 1_000) queue.add(BigInt(id++));
  return id;
}

describe('the create queue', () => {
  it('allows one create until the server has echoed an id, then 256', () => {
    const queue = new CreateQueue();
    assert.equal(fill(queue, 1), 2);
    assert.equal(queue.takeCreated(1n), 1n);
    assert.equal(fill(queue, 2), 258);
    assert.equal(queue.size, 256);
  });

  it('keeps allowing only one with a server that chooses its own ids', () => {
    const queue = new CreateQueue();
    fill(queue, 1);
    assert.equal(queue.takeCreated(0n), 1n, 'the answer belongs to the pending create');
    assert.equal(fill(queue, 2), 3);
    assert.equal(queue.takeCreated(1n), 2n);
    assert.equal(fill(queue, 3), 4);
  });

  it('still allows only one after a refusal, which proves nothing about ids', () => {
    const queue = new CreateQueue();
    fill(queue, 1);
    assert.equal(queue.takeRefused(), 1n);
    assert.equal(fill(queue, 2), 3);
    assert.equal(queue.takeCreated(2n), 2n);
    assert.equal(fill(queue, 3), 3 + 256);
  });

  it('matches successes by id and refusals with the oldest create', () => {
    const queue = new CreateQueue();
    fill(queue, 1);
    queue.takeCreated(1n);
    for (const id of [2, 3, 4]) queue.add(BigInt(id));
    assert.equal(queue.takeCreated(3n), 3n);
    assert.equal(queue.takeRefused(), 2n);
    assert.equal(queue.takeRefused(), 4n);
    assert.equal(queue.takeRefused(), undefined);
    assert.equal(queue.takeCreated(9n), undefined, 'nothing is pending');
  });
});
