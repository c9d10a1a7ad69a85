import assert from 'node:assert/strict';
import { messageOf } from '#src/cli/errors.js';
import { Code, EtcdError, errorFromServer, toCode } from '#src/errors/index.js';
import { tlsFailureOf } from '#src/wire/tls/failure.js';

/** Names that every plain object has. */
const inherited = ['constructor', '__proto__', 'toString', 'hasOwnProperty'];

describe('a text of a hostile server', () => {
  const decorated = 'rpc error: code = A desc = ';
  const texts: Readonly<Record<string, string>> = {
    'with 270 kB of prefixes': decorated.repeat(10_000),
    'with 13 MB of prefixes': decorated.repeat(500_000),
    'with 50,000 unfinished prefixes': 'rpc error: code = '.repeat(50_000),
    'whose code is a megabyte long': `rpc error: code = ${'A'.repeat(1_000_000)}`,
    'whose code has a number without an end': `rpc error: code = A(${'1'.repeat(1_000_000)}`,
    'of line ends': '\n'.repeat(1_000_000),
    'of spaces': ' '.repeat(1_000_000),
  };
  for (const [what, text] of Object.entries(texts)) {
    it(`${what} gives an EtcdError with a text of limited length`, () => {
      const error = errorFromServer(Code.UNKNOWN, text);
      assert.ok(error instanceof EtcdError);
      assert.equal(error.code, Code.UNKNOWN);
      assert.equal(error.reason, undefined);
      assert.ok((error.serverText?.length ?? 0) <= 4_097, `${error.serverText?.length} characters`);
      assert.ok(error.message.length < 4_200, `${error.message.length} characters`);
    });
  }

  it('of white space is printed by the command in linear time', () => {
    // In quadratic time, this would take minutes.
    assert.ok(messageOf(new Error(`${' '.repeat(1_000_000)}x`)).endsWith('x'));
    assert.equal(messageOf(new Error('first  \n  second')), 'first second');
  });

  it('is cut after 4,096 characters and ends with an ellipsis', () => {
    assert.equal(errorFromServer(Code.INTERNAL, 'x'.repeat(4_096)).serverText, 'x'.repeat(4_096));
    assert.equal(errorFromServer(Code.INTERNAL, 'x'.repeat(4_097)).serverText, `${'x'.repeat(4_096)}…`);
  });

  for (const name of inherited) {
    it(`that has the code '${name}' gives an error with the code of the status`, () => {
      const error = errorFromServer(Code.ABORTED, `rpc error: code = ${name} desc = odd`);
      assert.deepEqual([error.code, error.serverText], [Code.ABORTED, 'odd']);
      assert.equal(errorFromServer(Code.ABORTED, name).reason, undefined);
      assert.equal(toCode(name as never), Code.UNKNOWN);
    });

    it(`with the code '${name}' is not a TLS failure`, () => {
      assert.equal(tlsFailureOf({ code: name, message: '' }, false), undefined);
    });
  }
});
