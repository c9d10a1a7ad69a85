import assert from 'node:assert/strict';
import type { WatchEvent } from '#src/model/index.js';
import { EventChecker } from '../../soak/worker/event-checker.js';

describe('the check of watch events', () => {
  it('accepts each version once, in order', () => {
    const checker = checked([put('a', 7n, 3n), put('b', 8n, 1n), put('a', 9n, 4n), put('b', 10n, 2n)]);
    assert.deepEqual(countsOf(checker), { seen: 4, missed: 0, duplicated: 0 });
  });

  it('counts missed events', () => {
    const checker = checked([put('a', 7n, 3n), put('a', 12n, 6n)]);
    assert.deepEqual(countsOf(checker), { seen: 2, missed: 2, duplicated: 0 });
  });

  it('counts an event that is delivered again', () => {
    const again = put('a', 7n, 3n);
    assert.equal(checked([again, again]).duplicated, 1);
  });

  it('counts an event that is older than one before', () => {
    assert.equal(checked([put('a', 7n, 3n), put('b', 6n, 1n)]).duplicated, 1);
  });

  it('accepts several keys of one revision', () => {
    assert.equal(checked([put('a', 7n, 3n), put('b', 7n, 1n)]).duplicated, 0);
  });

  it('begins at 1 after a delete', () => {
    const deleted: WatchEvent = { type: 'delete', kv: { ...put('a', 8n, 0n).kv, version: 0n } };
    const checker = checked([put('a', 7n, 3n), deleted, put('a', 9n, 1n), put('a', 10n, 3n)]);
    assert.deepEqual(countsOf(checker), { seen: 4, missed: 1, duplicated: 0 });
  });

  it('knows how far it is behind the store', () => {
    const checker = checked([put('a', 7n, 3n)]);
    assert.equal(checker.behind(put('a', 9n, 5n).kv), 2);
    assert.equal(checker.behind(put('a', 7n, 3n).kv), 0);
  });

  it('is behind for a key that it never saw, if that was written after the watch began', () => {
    const checker = checked([]);
    assert.equal(checker.behind(put('a', 7n, 3n).kv), 1);
    checker.begin(7n);
    assert.equal(checker.behind(put('a', 7n, 3n).kv), 0);
    assert.equal(checker.behind(put('a', 8n, 4n).kv), 1);
  });

  it('is behind for every key when the watch has begun again and delivers nothing', () => {
    const checker = checked([put('a', 7n, 3n)]);
    checker.begin(6n);
    checker.restart();
    assert.equal(checker.behind(put('a', 7n, 3n).kv), 1);
    checker.begin(9n);
    assert.equal(checker.behind(put('a', 7n, 3n).kv), 0);
    assert.equal(checker.behind(put('a', 12n, 5n).kv), 1);
  });
});

function checked(events: readonly WatchEvent[]): EventChecker {
  const checker = new EventChecker();
  checker.onEvents(events);
  return checker;
}

function countsOf({ seen, missed, duplicated }: EventChecker) {
  return { seen, missed, duplicated };
}

function put(key: string, modRevision: bigint, version: bigint): WatchEvent {
  const value = Buffer.alloc(0);
  return {
    type: 'put',
    kv: { key: Buffer.from(key), value, createRevision: 1n, modRevision, version, lease: 0n },
  };
}
