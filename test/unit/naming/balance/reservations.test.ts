import assert from 'node:assert/strict';
import { Reservations } from '#src/naming/balance/reservations.js';

describe('the reserved turns of queued calls', () => {
  function reserved(...endpoints: string[]): Reservations<string> {
    const reservations = new Reservations<string>();
    for (const endpoint of endpoints) reservations.reserve(endpoint);
    return reservations;
  }

  /** Takes every turn that is ready. */
  function takeAll(reservations: Reservations<string>): string[] {
    const taken: string[] = [];
    for (let next = reservations.takeReady(); next !== undefined && taken.length < 100; ) {
      taken.push(next);
      next = reservations.takeReady();
    }
    return taken;
  }

  it('wait until their endpoint is ready', () => {
    const reservations = reserved('a', 'b');
    assert.deepEqual([reservations.count, reservations.hasReady], [2, false]);
    assert.equal(reservations.takeReady(), undefined);
    reservations.markReady('b');
    assert.equal(reservations.hasReady, true);
    assert.deepEqual(takeAll(reservations), ['b']);
    assert.deepEqual([reservations.count, reservations.hasReady], [1, false]);
  });

  it('are as many as calls were queued, for each endpoint', () => {
    const reservations = reserved('a', 'b', 'a', 'a');
    for (const endpoint of ['a', 'b']) reservations.markReady(endpoint);
    assert.deepEqual(takeAll(reservations), ['a', 'a', 'a', 'b']);
    assert.equal(reservations.count, 0);
  });

  it('do not exist for an endpoint without queued calls', () => {
    const reservations = reserved('a');
    reservations.markReady('b');
    assert.equal(reservations.hasReady, false);
    assert.equal(reservations.cancel('b'), false);
    assert.equal(reservations.count, 1);
  });

  it('end when their endpoint takes no calls, and only then', () => {
    const reservations = reserved('a', 'b', 'b', 'c');
    for (const endpoint of ['a', 'b', 'c']) reservations.markReady(endpoint);
    assert.equal(reservations.cancel('b'), true);
    assert.equal(reservations.count, 2);
    assert.deepEqual(takeAll(reservations), ['a', 'c']);
    assert.equal(reservations.cancel('b'), false);
  });

  it('of an endpoint that is not ready end without effect on those that are', () => {
    const reservations = reserved('a', 'b');
    reservations.markReady('a');
    assert.equal(reservations.cancel('b'), true);
    assert.deepEqual(takeAll(reservations), ['a']);
  });

  it('of the first of several ready endpoints end without effect on the second', () => {
    const reservations = reserved('a', 'b');
    for (const endpoint of ['a', 'b']) reservations.markReady(endpoint);
    assert.equal(reservations.cancel('a'), true);
    assert.deepEqual(takeAll(reservations), ['b']);
  });
});
