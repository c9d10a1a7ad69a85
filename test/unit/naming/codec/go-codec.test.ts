import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import {
  decodeEndpoint,
  type Endpoint,
  EndpointDecodeError,
  encodeEndpoint,
  type JsonValue,
  NamingError,
} from '#src/naming/index.js';

/** The results of Go's encoding/json, written by test/interop/go-corpus. */
interface Corpus {
  readonly encode: readonly { readonly name: string; readonly input: string; readonly stored: string }[];
  readonly decode: readonly DecodeCase[];
}

interface DecodeCase {
  readonly name: string;
  readonly text?: string;
  readonly hex?: string;
  readonly nested?: number;
  readonly result?: { readonly addr: string; readonly metadata?: string };
  readonly error?: string;
}

const corpusFile = new URL('../../../../../test/unit/naming/codec/go-corpus.json', import.meta.url);
const corpus = JSON.parse(readFileSync(corpusFile, 'utf8')) as Corpus;

describe('an encoded endpoint', () => {
  for (const { name, input, stored } of corpus.encode) {
    it(`has Go's bytes: ${name}`, () => {
      assert.equal(encodeEndpoint(JSON.parse(input) as Endpoint).toString('utf8'), stored);
    });
  }

  it('has null for undefined metadata', () => {
    const stored = '{"Op":0,"Addr":"localhost:50055","Metadata":null}';
    assert.equal(encodeEndpoint({ addr: 'localhost:50055' }).toString(), stored);
    assert.equal(encodeEndpoint({ addr: 'localhost:50055', metadata: undefined }).toString(), stored);
  });

  it('is rejected without an address', () => {
    for (const addr of ['', undefined, 7]) {
      assert.throws(() => encodeEndpoint({ addr: addr as string }), {
        name: 'NamingError',
        code: 3,
        message: 'INVALID_ARGUMENT: the endpoint has no addr',
      });
    }
  });

  it('is rejected with a typed error if the endpoint is undefined', () => {
    assert.throws(() => encodeEndpoint(undefined as unknown as Endpoint), NamingError);
  });

  it('decodes to the same endpoint, for any metadata', () => {
    const property = fc.property(fc.string({ minLength: 1 }), fc.jsonValue(), (addr, metadata) => {
      const expected = metadata === null ? { addr } : { addr, metadata: metadata as JsonValue };
      assert.deepEqual(decodeEndpoint(encodeEndpoint({ addr, metadata: metadata as JsonValue })), expected);
    });
    fc.assert(property, { numRuns: 500 });
  });
});

describe('a decoded value', () => {
  for (const one of corpus.decode) {
    if (one.result) {
      it(`is the same as Go's: ${one.name}`, () => {
        assert.deepEqual(
          outcome(() => decodeEndpoint(bytesOf(one))),
          goOutcome(one),
        );
      });
    } else {
      it(`is rejected, as by Go: ${one.name}`, () => {
        assert.throws(() => decodeEndpoint(bytesOf(one)), EndpointDecodeError);
      });
    }
  }

  it('is accepted at any position in a larger buffer', () => {
    const large = Buffer.from('xx{"Addr":"a:1"}yy');
    assert.deepEqual(decodeEndpoint(new Uint8Array(large.buffer, large.byteOffset + 2, 14)), { addr: 'a:1' });
  });

  it('cannot change an object prototype by its names', () => {
    const { metadata } = decodeEndpoint(Buffer.from('{"Addr":"a:1","Metadata":{"__proto__":{"evil":1}}}'));
    assert.deepEqual(Object.keys(metadata as object), ['__proto__']);
    assert.equal(Object.getPrototypeOf(metadata), Object.prototype);
    assert.equal(({} as { evil?: number }).evil, undefined);
  });

  it('is rejected if Op or Addr is nested deeper than the stack', () => {
    for (const name of ['Op', 'Addr'])
      for (const depth of [7_000, 100_000]) {
        const deep = `{"${name}":${'['.repeat(depth)}${']'.repeat(depth)}}`;
        assert.throws(() => decodeEndpoint(Buffer.from(deep)), EndpointDecodeError, `${name} ${depth}`);
      }
  });

  it('is encoded again at the maximum depth', () => {
    const deep = `{"Op":0,"Addr":"a:1","Metadata":${'['.repeat(9_999)}${']'.repeat(9_999)}}`;
    assert.equal(encodeEndpoint(decodeEndpoint(Buffer.from(deep))).toString(), deep);
  });

  it('has rounded numbers, as in Go, and is encoded again with the original digits', () => {
    const metadata =
      '{"a":[9007199254740993,{"b":-18446744073709551615}],"c":0.1,"d":1.00000000000000000001}';
    const { addr, metadata: read } = decodeEndpoint(Buffer.from(`{"Addr":"a:1","Metadata":${metadata}}`));
    assert.deepEqual(read, { a: [9007199254740992, { b: -18446744073709552000 }], c: 0.1, d: 1 });
    assert.match(encodeEndpoint({ addr, metadata: read! }).toString(), new RegExp(escaped(metadata)));
    const changed = { ...(read as object), a: [1] };
    assert.match(encodeEndpoint({ addr, metadata: changed }).toString(), /\{"a":\[1\],/);
  });

  it('is rejected with the reason', () => {
    assert.throws(() => decodeEndpoint(Buffer.from('{"Op":256}')), {
      name: 'EndpointDecodeError',
      code: 15,
      message: 'DATA_LOSS: Op is 256, not a number from 0 to 255',
    });
  });
});

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function bytesOf({ text, hex, nested: levels }: DecodeCase): Buffer {
  if (hex !== undefined) return Buffer.from(hex, 'hex');
  if (text !== undefined) return Buffer.from(text);
  return Buffer.from(`{"Addr":"a:1","Metadata":${'['.repeat(levels!)}${']'.repeat(levels!)}}`);
}

function goOutcome({ result, nested: levels }: DecodeCase): unknown {
  if (!result) return 'refused';
  const metadata = levels ? nested(levels) : (JSON.parse(result.metadata!) as JsonValue);
  return flat(metadata === null ? { addr: result.addr } : { addr: result.addr, metadata });
}

function outcome(read: () => Endpoint): unknown {
  try {
    return flat(read());
  } catch (error) {
    assert.ok(error instanceof EndpointDecodeError, `not an EndpointDecodeError: ${error}`);
    return 'refused';
  }
}

/** deepEqual is recursive and would overflow, so nested lists are compared by their depth. */
function flat(endpoint: Endpoint): unknown {
  let depth = 0;
  let inner: unknown = endpoint.metadata;
  while (Array.isArray(inner) && inner.length <= 1 && depth < 20_000) {
    depth++;
    inner = inner[0];
  }
  return depth > 100 ? { addr: endpoint.addr, depth } : endpoint;
}

function nested(levels: number): JsonValue {
  let value: JsonValue = [];
  for (let level = 1; level < levels; level++) value = [value];
  return value;
}
