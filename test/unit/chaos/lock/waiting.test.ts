import assert from 'node:assert/strict';
import { Waiting } from '../../../chaos/lock/waiting.js';
import { Random } from '../../../sim/random.js';

describe('the waiting requests of a process', () => {
  it('have a key that only one of them can have', () => {
    const waiting = new Waiting();
    waiting.begin(1, 'a', false);
    waiting.begin(2, 'b', false);
    assert.deepEqual(waiting.requestsOf('b/1'), [2]);
    assert.deepEqual(waiting.requestsOf('c/1'), []);
    assert.deepEqual(waiting.requestsOf('a/1'), [1]);
  });

  it('share a key that several of them can have, and have none that is known', () => {
    const waiting = new Waiting();
    waiting.begin(1, 'a', false);
    waiting.begin(2, 'a', false);
    assert.deepEqual(waiting.requestsOf('a/1'), [1, 2]);
    assert.equal(waiting.end(1), true);
    assert.deepEqual(waiting.requestsOf('a/2'), [2]);
    waiting.begin(3, 'a', false);
    assert.deepEqual(waiting.requestsOf('a/2'), [], 'sent again');
    assert.deepEqual(waiting.requestsOf('a/3'), [3], 'the other has its key');
  });

  it('may have several keys if they queue again, and then the others wait for another name', () => {
    const waiting = new Waiting();
    const random = new Random(1);
    waiting.begin(1, 'a', true);
    assert.deepEqual([waiting.requestsOf('a/1'), waiting.requestsOf('a/2')], [[1], [1]]);
    assert.equal(waiting.pick(['a', 'b'], false, random), 'b');
    waiting.end(1);
    waiting.begin(2, 'b', false);
    assert.equal(waiting.pick(['a', 'b'], true, random), 'a');
    assert.equal(waiting.end(3), false);
  });
});
