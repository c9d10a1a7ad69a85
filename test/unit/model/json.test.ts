import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { KeyValue } from '#src/gen/etcd/kv.js';
import { type BytesJson, bytesToJson, collectionWithJson, withJson } from '#src/model/index.js';

/** The conversion described in docs/kv.md. */
function bytesOf(json: BytesJson): Buffer {
  return typeof json === 'string' ? Buffer.from(json) : Buffer.from(json.base64, 'base64');
}

const written = (value: unknown) => JSON.parse(JSON.stringify(value));

describe('bytes in JSON', () => {
  it('convert back to the same bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.string({ unit: 'binary' }).map((text) => new TextEncoder().encode(text)),
    );
    fc.assert(
      fc.property(bytes, (given) => bytesOf(written({ bytes: bytesToJson(given) }).bytes).equals(given)),
      {
        numRuns: 2_000,
        examples: [[Uint8Array.of()], [Uint8Array.of(0xef, 0xbb, 0xbf)], [Uint8Array.of(0xc0, 0x80)]],
      },
    );
  });

  it('are a string when they are UTF-8, and an object otherwise', () => {
    assert.equal(bytesToJson(Buffer.from('caf\u00e9 \ud83d\ude80\0')), 'caf\u00e9 \ud83d\ude80\0');
    assert.equal(bytesToJson(Buffer.from('{"base64":"AAAA"}')), '{"base64":"AAAA"}');
    assert.deepEqual(bytesToJson(Uint8Array.of(0xff, 0x61)), { base64: '/2E=' });
  });
});

describe('a result', () => {
  const result = () =>
    withJson({
      revision: 2n ** 62n,
      lease: 0n,
      key: Buffer.from('k'),
      keys: [Uint8Array.of(0xff)],
      more: false,
    });

  it('has bigints as strings in JSON, and no additional members', () => {
    assert.deepEqual(written(result()), {
      revision: '4611686018427387904',
      lease: '0',
      key: 'k',
      keys: [{ base64: '/w==' }],
      more: false,
    });
    assert.deepEqual(Object.keys(result()), ['revision', 'lease', 'key', 'keys', 'more']);
    assert.equal(result().constructor, Object);
    assert.match(inspect(result()), /^\{/);
  });

  it('keeps nested metadata unchanged, at any depth', () => {
    const metadata = JSON.parse(`${'['.repeat(1_000)}${']'.repeat(1_000)}`);
    assert.equal(JSON.stringify(withJson({ metadata })), JSON.stringify({ metadata }));
  });

  it('that is a list or a map of results becomes a JSON array', () => {
    assert.deepEqual(written(collectionWithJson([1n, 2n])), ['1', '2']);
    assert.deepEqual(written(collectionWithJson(new Map([['a', withJson({ revision: 1n })]]))), [
      { revision: '1' },
    ]);
    assert.deepEqual(collectionWithJson([1n]), [1n]);
  });

  it('that is a key-value shares one prototype with all others, whichever decoder made it', () => {
    const bytes = KeyValue.encode(KeyValue.fromPartial({ key: Buffer.from('k'), modRevision: 7n })).finish();
    const [one, other] = [KeyValue.decode(bytes), KeyValue.decode(bytes)];
    assert.equal(Object.getPrototypeOf(one), Object.getPrototypeOf(other));
    assert.deepEqual(Object.keys(one), ['key', 'createRevision', 'modRevision', 'version', 'value', 'lease']);
    assert.match(inspect(one), /^\{/);
    assert.equal(written(one).modRevision, '7');
  });
});
