import assert from 'node:assert/strict';
import { expiryOf } from '#src/wire/auth/jwt.js';
import { raftIndexOf } from '#src/wire/auth/simple-token.js';

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims: unknown) => `${base64url({ alg: 'none' })}.${base64url(claims)}.x`;

describe('the expiry of a token', () => {
  it('is read from a JWT', () => {
    assert.equal(expiryOf(jwt({ exp: 1_700_000_000 })), 1_700_000_000_000);
  });

  for (const token of [
    '',
    'abc',
    'qWerTy.12',
    jwt({}),
    jwt({ exp: 'soon' }),
    jwt([1]),
    jwt(null),
    'a.!!!.c',
  ]) {
    it(`is unknown for '${token}'`, () => assert.equal(expiryOf(token), undefined));
  }
});

describe('the raft index of a token', () => {
  it('follows the dot of a simple token', () => {
    assert.equal(raftIndexOf('QsmKbTdDYnHPAAlm.18446744073709551615'), 2n ** 64n - 1n);
  });

  for (const token of [
    undefined,
    '',
    'abc',
    'abc.',
    '.5',
    'a.5x',
    'a.b.5',
    'a.123456789012345678901',
    jwt({ exp: 5 }),
  ])
    it(`is unknown for '${token}'`, () => assert.equal(raftIndexOf(token), undefined));
});
