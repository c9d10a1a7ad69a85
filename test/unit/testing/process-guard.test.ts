import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { detach } from '#src/testing/process/guard.js';

describe('a guard', () => {
  it('allows its process to end, in Bun too, where a child’s input is not a socket', () => {
    let detached = 0;
    const unref = () => detached++;
    const socket = Object.assign(new Writable(), { unref });
    detach({ unref, stdin: socket });
    assert.equal(detached, 2);
    for (const stdin of [new Writable(), null]) detach({ unref, stdin });
    assert.equal(detached, 4);
  });
});
