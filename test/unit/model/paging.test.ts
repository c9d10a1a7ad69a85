import assert from 'node:assert/strict';
import { Code, EtcdError } from '#src/errors/index.js';
import { nextPageStart } from '#src/model/index.js';

const start = Buffer.from('b');
const page = (...keys: string[]) => keys.map((key) => ({ key: Buffer.from(key) }));

describe('the start of the next page', () => {
  it('is right after the last key', () => {
    assert.deepEqual(nextPageStart(start, page('b', 'c'), true), Buffer.from('c\0'));
  });

  it('stays the same after an empty last page', () => {
    assert.deepEqual(nextPageStart(start, [], false), start);
  });

  for (const [what, kvs] of [
    ['repeats a key', page('a')],
    ['announces more keys and returns none', []],
  ] as const) {
    it(`is an error when a server ${what}`, () => {
      assert.throws(
        () => nextPageStart(start, kvs, true),
        (error) => error instanceof EtcdError && error.code === Code.INTERNAL,
      );
    });
  }
});
