import assert from 'node:assert/strict';
import { channelTarget } from '#src/naming/grpc/index.js';
import { NamingError, parseTarget } from '#src/naming/index.js';
import { checkKey } from '#src/naming/target/index.js';

describe('a service name', () => {
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
    it(`is accepted unchanged: ${JSON.stringify(name)}`, () => {
      assert.equal(parseTarget(name).service, name);
      assert.equal(checkKey('svc/', `svc/${name}`), `svc/${name}`);
    });
  }

  for (const name of ['s\ud800', '\udc00s', '\udc00\ud800']) {
    it(`is rejected with a lone surrogate, which has the same encoding as any other: ${JSON.stringify(name)}`, () => {
      for (const refused of [
        () => parseTarget(name),
        () => checkKey('svc/', `svc/${name}`),
        () => channelTarget(name),
      ])
        assert.throws(refused, (error) => error instanceof NamingError && /surrogate/.test(error.message));
    });
  }
});
