import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { Code, EtcdError, errorFromServer, escapeControls, notEtcdError } from '#src/errors/index.js';
import { printable } from '#src/model/index.js';
import { parseServiceConfig } from '#src/naming/grpc/resolver/parse-service-config.js';
import { decodeEndpoint, NamingError } from '#src/naming/index.js';
import { conflictText, replacedText, valueExcerpt, waitingText } from '#src/naming/register/core/texts.js';
import { hostileText, isPrintable } from '../../support/hostile-text.js';

const kvWith = (value: Buffer) => ({
  ...{ key: Buffer.from('svc/e1'), value, lease: 0n, version: 1n },
  ...{ createRevision: 1n, modRevision: 1n },
});

/** The error that decoding throws; undefined for a text that can be decoded. */
function thrown(act: () => unknown): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
}

const inRecords = (text: string) => [
  thrown(() => decodeEndpoint(Buffer.from(text))),
  thrown(() => decodeEndpoint(Buffer.from(JSON.stringify({ Addr: [text] })))),
  thrown(() => decodeEndpoint(Buffer.from(JSON.stringify({ Op: text })))),
  thrown(() => parseServiceConfig(text, [])),
  thrown(() => parseServiceConfig(JSON.stringify({ loadBalancingConfig: [{ [text]: {} }] }), [])),
];

describe('text from outside in an error', () => {
  const sources: Readonly<Record<string, (text: string) => readonly unknown[]>> = {
    'a server’s status': (text) => [
      errorFromServer(Code.UNKNOWN, text),
      errorFromServer(Code.UNAVAILABLE, `rpc error: code = Internal desc = ${text}`),
    ],
    'a server that is not etcd': (text) => [notEtcdError(text)],
    'a record or a service config': inRecords,
    'another owner’s record': (text) => {
      const kv = kvWith(Buffer.from(text));
      return [conflictText(text, kv), waitingText(text, kv, true), replacedText(text, kv, false)].map(
        (message) => new EtcdError(message, { code: Code.ALREADY_EXISTS }),
      );
    },
    'a name': (text) => [new NamingError(`'${text}' is odd`)],
  };
  for (const [what, errorsOf] of Object.entries(sources)) {
    it(`from ${what} is one printable line in the message, and printable in inspect()`, () => {
      fc.assert(
        fc.property(hostileText, (text) => {
          for (const error of errorsOf(text)) {
            if (error === undefined) continue;
            assert.ok(error instanceof EtcdError, String(error));
            assert.ok(isPrintable(error.message), JSON.stringify(error.message));
            assert.ok(isPrintable(inspect(error), '\n'), JSON.stringify(inspect(error)));
          }
        }),
      );
    });
  }

  it('from a record is printable in the events of a registration, whatever its bytes are', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      hostileText.map((text) => Buffer.from(text)),
    );
    fc.assert(fc.property(bytes, (value) => isPrintable(valueExcerpt(kvWith(Buffer.from(value))))));
    assert.equal(valueExcerpt(kvWith(Buffer.from('é'.repeat(500)))), 'é'.repeat(200));
  });

  it('as a key is printable', () => {
    fc.assert(fc.property(hostileText, (text) => isPrintable(printable(text))));
    fc.assert(fc.property(fc.uint8Array(), (key) => isPrintable(printable(key))));
    assert.equal(printable('a\u202eb"\n'), 'a\\u202eb\\"\\n');
  });
});

describe('escaping of controls', () => {
  it('escapes control and invisible characters, and does not change visible text', () => {
    assert.equal(escapeControls('a\x1b[2J\n\x9b\u2028\u202eé'), 'a\\x1b[2J\\x0a\\u009b\\u2028\\u202eé');
    assert.equal(
      escapeControls('\u2066\ufeff\u200b\u00ad\u3164\u{e0041}'),
      '\\u2066\\ufeff\\u200b\\u00ad\\u3164\\u{e0041}',
    );
    assert.equal(escapeControls('a\udcff\ud800'), 'a\\xff\\ud800');
    for (const text of ['', 'plain', 'Grüße', '東京', '😀', 'é', '\\x1b'])
      assert.equal(escapeControls(text), text);
  });

  it('is idempotent', () => {
    fc.assert(
      fc.property(hostileText, (text) => escapeControls(escapeControls(text)) === escapeControls(text)),
    );
  });
});
