import assert from 'node:assert/strict';
import { describeThrown, InvalidInputError } from '#src/errors/index.js';
import type { KeyValue } from '#src/model/index.js';
import { CodecFormat } from '#src/naming/codec/codec-format.js';
import { recordFormat } from '#src/naming/codec/format-of.js';
import {
  type EncodedRecord,
  type Endpoint,
  type EndpointCodec,
  EndpointManager,
  goEndpoints,
  type NamingClient,
  NamingError,
} from '#src/naming/index.js';
import { lineCodec } from '../../../support/naming/line-codec.js';

const key = '/lines/svc/e1';

function decodeWith(decode: (record: EncodedRecord) => unknown, value = 'any') {
  const codec = { ...lineCodec, decode } as EndpointCodec;
  return recordFormat('svc', codec).decode(key, Buffer.from(value));
}

describe('a record in the format of a codec', () => {
  it('is decoded from its key, its service and its bytes', () => {
    const seen: EncodedRecord[] = [];
    const value = Buffer.from([0xff, 0, 0x61]);
    const codec: EndpointCodec = {
      ...lineCodec,
      decode(record) {
        seen.push(record);
        return { addr: 'a:1' };
      },
    };
    assert.deepEqual(recordFormat('svc', codec).decode(`${key}/x`, value), { addr: 'a:1', codec: 'lines' });
    assert.deepEqual(seen, [{ service: 'svc', key: `${key}/x`, id: 'e1/x', value }]);
  });

  for (const [title, decode] of [
    ['an exception', () => assert.fail('a fault')],
    ['null', () => null],
    ['a text', () => 'a:1'],
    ['a promise', () => Promise.resolve({ addr: 'a:1' })],
    ['a promise that rejects', () => Promise.reject(new Error('late'))],
    ['no addr', () => ({ metadata: {} })],
    ['an addr that is not a text', () => ({ addr: 1 })],
    ['metadata with a bigint', () => ({ addr: 'a:1', metadata: { n: 1n } })],
    ['metadata with a function', () => ({ addr: 'a:1', metadata: [() => {}] })],
    ['metadata with a cycle', () => ({ addr: 'a:1', metadata: cycle() })],
    ['an endpoint with a getter that throws', () => Object.defineProperty({}, 'addr', { get: assert.fail })],
  ] as const)
    it(`is invalid if the codec returns ${title}`, () => assert.equal(decodeWith(decode), 'invalid'));

  it('belongs to another service if the codec returns undefined', () =>
    assert.equal(
      decodeWith(() => undefined),
      'foreign',
    ));

  it('has only the members of an endpoint, whatever else the codec returns', () => {
    const decode = () => ({ addr: 'a:1', metadata: null, key: 'other', lease: 7n });
    assert.deepEqual(decodeWith(decode), { addr: 'a:1', codec: 'lines' });
  });

  it('is decoded by the first of several codecs that can', () => {
    const bare: EndpointCodec = {
      ...lineCodec,
      name: 'bare',
      decode: ({ value }) => ({ addr: String(value) }),
    };
    const other: EndpointCodec = { ...lineCodec, name: 'other', decode: () => undefined };
    const decode = (codecs: [EndpointCodec, ...EndpointCodec[]], value: string) =>
      new CodecFormat('svc', codecs).decode(key, Buffer.from(value));
    assert.deepEqual(decode([lineCodec, bare], 'a:1'), { addr: 'a:1', codec: 'lines' });
    assert.deepEqual(decode([lineCodec, bare], 'no line'), { addr: 'no line', codec: 'bare' });
    assert.equal(decode([lineCodec, other], 'no line'), 'foreign');
    assert.equal(decode([other, lineCodec], 'no line'), 'foreign');
  });

  it('that is large and not an endpoint stays so in a mirror, even if the codec decodes any bytes', () => {
    const large = (text: string): KeyValue =>
      ({ key: Buffer.from(key), value: Buffer.from(text.padEnd(2_000, ' ')) }) as KeyValue;
    const codec: EndpointCodec = {
      ...lineCodec,
      decode({ value }) {
        if (value.length > 1_000) throw new Error('too large');
        return { addr: 'a:1' };
      },
    };
    const format = recordFormat('svc', codec);
    const retained = format.retain(large('x'));
    assert.equal(retained.value.length, 33);
    assert.equal(format.decode(key, retained.value), 'invalid');
    assert.deepEqual(format.retain(large('x')).value, retained.value);
    assert.notDeepEqual(format.retain(large('y')).value, retained.value);
    assert.deepEqual(format.decode(key, Buffer.from(retained.value)), { addr: 'a:1', codec: 'lines' });
  });

  it('is encoded to the text or the bytes of the codec', () => {
    for (const value of ['a:1', Buffer.from('a:1'), new Uint8Array([0x61, 0x3a, 0x31])]) {
      const format = recordFormat('svc', { ...lineCodec, encode: () => value });
      assert.deepEqual(format.encode(key, { addr: 'a:1' }), Buffer.from('a:1'));
    }
  });

  it('is not encoded without an addr, with a misspelt member, or by a codec that only reads', () => {
    const format = recordFormat('svc', lineCodec);
    assert.throws(() => format.encode(key, { addr: '' }), NamingError);
    assert.throws(() => format.encode(key, { address: 'a:1' } as unknown as Endpoint), InvalidInputError);
    const { encode: _, ...reading } = lineCodec;
    assert.throws(
      () => recordFormat('svc', reading).encode(key, { addr: 'a:1' }),
      /^NamingError: .*the codec 'lines' only reads records$/,
    );
  });

  for (const [title, encode, text] of [
    [
      'neither text nor bytes',
      () => ({ addr: 'a:1' }),
      /encode\(\) of the codec 'lines' returned .*; it must return/,
    ],
    [
      'a promise',
      () => Promise.reject(new Error('late')),
      /encode\(\) of the codec 'lines' returned a promise/,
    ],
    ['what it does not decode', () => 'no line', /it cannot decode: .*the value is not a line/],
    ['another address', () => 'b:2', /it decodes with the address 'b:2'/],
    ['other bytes each time', counting(), /it does not encode again after decoding it/],
  ] as const)
    it(`is not encoded if the codec returns ${title}`, () => {
      const codec = { ...lineCodec, encode } as unknown as EndpointCodec;
      assert.throws(
        () => recordFormat('svc', codec).encode(key, { addr: 'a:1' }),
        (error) => error instanceof NamingError && text.test(error.message),
      );
    });

  for (const thrown of [new TypeError('oops'), undefined, 'a text', Object.create(null)])
    it(`is not encoded if the codec throws ${describeThrown(thrown)}`, () => {
      const encode = () => {
        throw thrown;
      };
      assert.throws(
        () => recordFormat('svc', { ...lineCodec, encode }).encode(key, { addr: 'a:1' }),
        /NamingError: .*the codec 'lines' cannot encode the endpoint 'a:1': /,
      );
    });

  it('is not stored under a promise of a prefix, whose rejection is handled', async () => {
    const keyPrefix = (() => Promise.reject(new Error('late'))) as unknown as EndpointCodec['keyPrefix'];
    assert.throws(() => recordFormat('svc', { ...lineCodec, keyPrefix }), /keyPrefix\(\) returned a promise/);
    await new Promise((resolve) => setImmediate(resolve)); // an unhandled rejection would fail the test
  });

  it('is not encoded if the codec refuses what it decoded', () => {
    const encode: EndpointCodec['encode'] = ({ metadata }) => {
      if (metadata === undefined) return 'a:1 b';
      throw new NamingError('refused');
    };
    const codec = { ...lineCodec, encode };
    assert.throws(() => recordFormat('svc', codec).encode(key, { addr: 'a:1' }), /does not encode again/);
  });

  for (const prefix of ['', '/', 'svc', '/svc', 'a\ud800/', undefined, 7])
    it(`cannot be stored under the prefix ${JSON.stringify(prefix)}`, () => {
      const codec = { ...lineCodec, keyPrefix: () => prefix as string };
      assert.throws(
        () => recordFormat('svc', codec),
        /NamingError: .*the codec 'lines' has no key prefix for 'svc'/,
      );
    });
});

describe('the option codec', () => {
  const client = { mirror: () => {}, kv: {} } as unknown as NamingClient;
  const open = (codec: unknown) => new EndpointManager(client, 'svc', { codec: codec as EndpointCodec });

  for (const [title, codec, text] of [
    [
      'a text',
      'kratos',
      /^InvalidInputError: .*codec is 'kratos' \(string\); it must be an object with keyPrefix\(\)/,
    ],
    [
      'the function of a codec',
      () => lineCodec,
      /codec is .*; it must be a codec; call the function that returns it/,
    ],
    ['an object without decode', { name: 'x', keyPrefix: () => 'x/' }, /codec\.decode is undefined/],
    ['an object without a name', { ...lineCodec, name: undefined }, /codec\.name is undefined/],
    ['a root that is not a text', { ...lineCodec, root: 5 }, /codec\.root is 5/],
    ['null', null, /codec is null; it must be a codec/],
    ['a misspelt member', { ...lineCodec, defaultID: () => '' }, /defaultID.*defaultId/],
    ['canDrain as a text', { ...lineCodec, canDrain: 'no' }, /canDrain/],
  ] as const)
    it(`refuses ${title}`, () => assert.throws(() => open(codec), text));

  it('accepts an instance of a class', () => {
    class Lines implements EndpointCodec {
      readonly name = 'lines';
      keyPrefix(service: string) {
        return `${service}/`;
      }
      decode() {
        return { addr: 'a:1' };
      }
    }
    assert.equal(open(new Lines()).target, 'svc');
  });

  it('is the default for Go’s format', () =>
    assert.equal(recordFormat('svc', goEndpoints).prefix, recordFormat('svc', undefined).prefix));
});

/** Returns the address with a number that grows. */
function counting(): () => string {
  let calls = 0;
  return () => `a:1 zone${calls++}`;
}

function cycle(): object {
  const list: unknown[] = [];
  list.push(list);
  return list;
}
