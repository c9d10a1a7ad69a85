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

  describe('with nested metadata', () => {
    const limit = 500;
    const marker = `[nested more than ${limit} levels deep]`;
    /** Closes the brackets around a value; `{` stands for an object with one member. */
    const nested = (depth: number, open: '[' | '{"__proto__":', inner = '1') =>
      JSON.parse(`${open.repeat(depth)}${inner}${(open === '[' ? ']' : '}').repeat(depth)}`) as object;

    for (const open of ['[', '{"__proto__":'] as const) {
      it(`keeps up to ${limit} levels of ${open}`, () => {
        const metadata = nested(limit, open);
        assert.equal(JSON.stringify(withJson({ metadata })), JSON.stringify({ metadata }));
        assert.equal(
          (withJson({ metadata }) as unknown as { toJSON(): { metadata: object } }).toJSON().metadata,
          metadata,
        );
      });

      for (const depth of [limit + 1, 5_000, 100_000])
        it(`replaces what is deeper than ${limit} levels of ${open}, in ${depth} levels`, () => {
          const metadata = { deep: nested(depth, open), beside: [1, 'a', null, { b: true }] };
          const before = JSON.stringify(metadata.beside);
          const expected = { deep: nested(limit - 1, open, JSON.stringify(marker)), beside: metadata.beside };
          assert.equal(JSON.stringify(withJson({ metadata })), JSON.stringify({ metadata: expected }));
          assert.equal(JSON.stringify(metadata.beside), before);
        });
    }

    it('replaces it in each member of a batch, and keeps the others', () => {
      const record = withJson({ addr: 'a:1', metadata: nested(5_000, '[') });
      const shown = { addr: 'a:1', metadata: nested(limit, '[', JSON.stringify(marker)) };
      for (const list of [collectionWithJson(new Map([['a', record]])), [record]])
        assert.equal(JSON.stringify(list), JSON.stringify([shown]));
      const view = withJson({ endpoints: [record], invalid: new Set(['a']), endpoint: { ...record } });
      assert.ok(JSON.stringify(view).includes(`"invalid":["a"]`));
    });

    it('is not looked at before toJSON is called', () => {
      const metadata = new Proxy({}, { ownKeys: () => assert.fail('its members are listed') });
      assert.equal(withJson({ metadata }).metadata, metadata);
    });
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
