import assert from 'node:assert/strict';
import { dial } from '#src/naming/grpc/index.js';
import { NamingError, parseTarget } from '#src/naming/index.js';
import { checkKey } from '#src/naming/target/index.js';

describe('a name', () => {
  for (const name of [
    'a',
    '/',
    '..',
    'a//b',
    'a/../b',
    'a%2Fb',
    'a\0b',
    'caf\u00e9',
    'cafe\u0301',
    '\u{1f600}',
    ' ',
  ]) {
    it(`may be ${JSON.stringify(name)}, as it is`, () => {
      assert.equal(parseTarget(name).service, name);
      assert.equal(checkKey('svc', `svc/${name}`), `svc/${name}`);
    });
  }

  for (const name of ['s\ud800', '\udc00s', '\udc00\ud800']) {
    it(`has no half of a surrogate pair, as ${JSON.stringify(name)} has, which would be the same as any other`, () => {
      for (const refused of [() => parseTarget(name), () => checkKey('svc', `svc/${name}`), () => dial(name)])
        assert.throws(refused, (error) => error instanceof NamingError && /surrogate/.test(error.message));
    });
  }
});
