import assert from 'node:assert/strict';
import { View } from '#src/mirror/view.js';
import type { KeyValue, WatchEvent } from '#src/model/index.js';

/** A key after `version` puts, the first of which was at revision `created`. */
function at(key: string, modRevision: bigint, version = 1n, created = modRevision, value = 'v'): KeyValue {
  return {
    key: Buffer.from(key),
    value: Buffer.from(value),
    modRevision,
    version,
    createRevision: created,
    lease: 0n,
  };
}
const put = (kv: KeyValue): WatchEvent => ({ type: 'put', kv });
const deleted = (key: string, modRevision: bigint): WatchEvent => ({
  type: 'delete',
  kv: { ...at(key, modRevision), version: 0n, createRevision: 0n, value: Buffer.alloc(0) },
});

describe('a view of keys', () => {
  let view: View;
  beforeEach(() => {
    view = new View();
    view.replace([at('a', 3n), at('b', 7n, 3n, 4n)], 10n);
  });

  it('applies successive events, and returns the changes', () => {
    const changes = view.apply(
      [put(at('a', 11n, 2n, 3n)), put(at('c', 12n)), deleted('b', 13n), put(at('b', 14n))],
      14n,
    );
    assert.deepEqual([...changes!.puts.keys()], ['a', 'c', 'b']);
    assert.deepEqual([...changes!.deletes], []);
    assert.equal(view.revision, 14n);
  });

  it('reports a key that was created and deleted only as deleted', () => {
    const changes = view.apply([put(at('c', 11n)), deleted('c', 12n)], 12n);
    assert.deepEqual([...changes!.puts.keys()], []);
    assert.deepEqual([...changes!.deletes], ['c']);
  });

  it('has the last key-values of the keys that were both put and deleted, until the next change', () => {
    const last = at('a', 12n, 3n, 3n, 'last');
    view.apply(
      [put(at('a', 11n, 2n, 3n)), put(last), deleted('a', 13n), deleted('b', 14n), put(at('c', 15n))],
      15n,
    );
    assert.deepEqual([...view.lastValues], [['a', last]]);
    view.apply([deleted('c', 16n)], 16n);
    assert.equal(view.lastValues.size, 0);
  });

  describe('detects missing events', () => {
    for (const [what, event] of [
      ['a put skips a version of its key', put(at('b', 11n, 5n, 4n))],
      ['a put repeats a version of its key', put(at('b', 11n, 3n, 4n))],
      ['a key was deleted and created again meanwhile', put(at('b', 11n, 1n, 11n))],
      ['a key was deleted, created again and changed meanwhile', put(at('b', 11n, 4n, 9n))],
      ['the first event of a key is not its creation', put(at('c', 11n, 2n, 10n))],
      ['an unknown key is deleted', deleted('c', 11n)],
    ] as const) {
      it(`when ${what}`, () => {
        assert.equal(view.apply([event], 11n), undefined);
      });
    }

    it('when only the last of many events shows the gap', () => {
      const good = Array.from({ length: 50 }, (_, i) => put(at(`k${i}`, 11n + BigInt(i))));
      assert.equal(view.apply([...good, put(at('k1', 90n, 3n, 12n))], 90n), undefined);
    });
  });

  describe('compared with a fingerprint of the store', () => {
    it('matches the same number of keys and the same newest key', () => {
      assert.equal(view.matches(2n, at('b', 7n, 3n, 4n)), true);
    });

    for (const [what, count, newest] of [
      ['with one key more', 3n, at('b', 7n, 3n, 4n)],
      ['with one key less', 1n, at('b', 7n, 3n, 4n)],
      ['with nothing', 0n, undefined],
      ['whose answer lacks the newest key', 2n, undefined],
      ['where the last change is missing', 2n, at('a', 3n)],
      ['where another key changed last', 2n, at('c', 7n, 3n, 4n)],
      ['where it changed later', 2n, at('b', 8n, 4n, 4n)],
      ['where it was created at another time', 2n, at('b', 7n, 3n, 5n)],
      ['where it was changed more often', 2n, at('b', 7n, 4n, 4n)],
      ['where it has another value', 2n, at('b', 7n, 3n, 4n, 'w')],
      ['where it has another lease', 2n, { ...at('b', 7n, 3n, 4n), lease: 5n }],
    ] as const) {
      it(`does not match one ${what}`, () => {
        assert.equal(view.matches(count, newest), false);
      });
    }

    it('does not match one where another key made its last change at that revision', () => {
      view.replace([at('x', 9n, 2n, 5n), at('y', 11n)], 11n);
      assert.equal(view.matches(2n, at('x', 11n, 2n, 5n)), false);
    });

    it('matches whatever the order of the keys', () => {
      view.replace([at('b', 7n, 3n, 4n), at('a', 3n)], 10n);
      assert.equal(view.matches(2n, at('b', 7n, 3n, 4n)), true);
    });

    it('matches when the server returned another key of the last transaction', () => {
      view.apply([put(at('x', 11n)), put(at('y', 11n))], 11n);
      assert.equal(view.matches(4n, at('x', 11n)), true);
      assert.equal(view.matches(4n, at('y', 11n)), true);
    });

    it('matches after the newest key was deleted', () => {
      view.apply([deleted('b', 11n)], 11n);
      assert.equal(view.matches(1n, at('a', 3n)), true);
      view.apply([deleted('a', 12n)], 12n);
      assert.equal(view.matches(0n, undefined), true);
    });
  });

  it('maps only the key-values that exist, not those of deletes', () => {
    const mapped: string[] = [];
    const mapping = new View((kv) => {
      mapped.push(`${kv.key}`);
      return kv;
    });
    mapping.replace([at('a', 3n)], 10n);
    mapping.apply([put(at('b', 11n)), deleted('a', 12n)], 12n);
    assert.deepEqual(mapped, ['b']);
  });

  it('moves its revision back only for a new list, never for progress', () => {
    view.advance(20n);
    view.advance(15n);
    assert.equal(view.revision, 20n);
    view.replace([at('a', 1n)], 2n);
    assert.equal(view.revision, 2n);
    assert.deepEqual([...view.kvs.keys()], ['a']);
    assert.equal(view.matches(1n, at('a', 1n)), true);
  });
});
