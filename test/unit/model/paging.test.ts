import assert from 'node:assert/strict';
import { Code, EtcdError } from '#src/errors/index.js';
import { nextPageStart } from '#src/model/index.js';

const start = Buffer.from('b');
const page = (...keys: string[]) => keys.map((key) => ({ key: Buffer.from(key) }));

describe('the page after a page', () => {
  it('begins right after its last key', () => {
    assert.deepEqual(nextPageStart(start, page('b', 'c'), true), Buffer.from('c\0'));
  });

  it('begins where the last one did when that was empty and the last', () => {
    assert.deepEqual(nextPageStart(start, [], false), start);
  });

  for (const [what, kvs] of [
    ['repeats a key', page('a')],
    ['promises more and gives none', []],
  ] as const) {
    it(`is not asked for when a server ${what}`, () => {
      assert.throws(
        () => nextPageStart(start, kvs, true),
        (error) => error instanceof EtcdError && error.code === Code.INTERNAL,
      );
    });
  }
});
