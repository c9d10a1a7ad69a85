import assert from 'node:assert/strict';
import { parseTargetArgument } from '#src/cli/args/target.js';
import { changedParts, lostParts } from '#src/cli/data/rewriting.js';
import { decodeEndpoint, NamingError } from '#src/naming/index.js';

/** What is stored, what would be written, and the parts that would change. */
type Row = readonly [stored: string, rewritten: string, changed: readonly string[]];

const same: readonly Row[] = [
  ['{"a":"1"}', '{"a":"1"}', []],
  ['{"b":2,\n "a":"1"}', '{"a":"1","b":2}', []],
  ['{"a":"\\u003cx\\u003e"}', '{"a":"<x>"}', []],
  ['{"a":null}', '{"a":{}}', []],
  ['{"a":{}}', '{"a":null}', []],
  ['{"a":[]}', '{"a":null}', []],
  ['{"a":""}', '{"a":null}', []],
  ['{}', '{"a":null,"b":"","c":{},"d":[]}', []],
  ['{"a":[{"b":null}]}', '{"a":[{"b":""}]}', []],
  ['{"n":1.0}', '{"n":1}', []],
  ['{"n":1e2}', '{"n":100}', []],
  ['{"a":"x: y, 12345678901234567890"}', '{ "a":"x: y, 12345678901234567890"}', []],
  ['{"__proto__":"1"}', '{ "__proto__":"1"}', []],
];

const different: readonly Row[] = [
  ['{"a":"1","region":"eu"}', '{"a":"1"}', ['region']],
  ['{"a":"1","region":null}', '{"a":"1"}', ['region']],
  ['{"a":"1","region":""}', '{"a":"1"}', ['region']],
  ['{"a":"007"}', '{"a":"7"}', ['a']],
  ['{"a":7}', '{"a":"7"}', ['a']],
  ['{"a":0}', '{"a":null}', ['a']],
  ['{"a":false}', '{"a":""}', ['a']],
  ['{"a":[]}', '{"a":""}', ['a']],
  ['{}', '{"weight":10}', ['weight']],
  ['{"ID":"a"}', '{"id":"a"}', ['ID', 'id']],
  ['{"metadata":{"id":"own","x":"y"}}', '{"metadata":{"x":"y"}}', ['metadata.id']],
  ['{"metadata":{"id":"own"}}', '{"metadata":null}', ['metadata.id']],
  ['{"nodes":[{"a":1},{"a":2}]}', '{"nodes":[{"a":1}]}', ['nodes']],
  ['{"nodes":[{"a":1,"port":7}]}', '{"nodes":[{"a":"1:7"}]}', ['nodes[0].a', 'nodes[0].port']],
  ['{"__proto__":"1"}', '{}', ['__proto__']],
  ['{"constructor":"1"}', '{}', ['constructor']],
  ['{"a":"1","a":"2"}', '{"a":"2"}', ['repeated members']],
  ['{"m":{"a":"1","a":"1"}}', '{"m":{"a":"1"}}', ['repeated members']],
  ['{"n":12345678901234567890}', '{"n":12345678901234567000}', ['the digits of 12345678901234567890']],
  ['{"n":0.12345678901234567891}', '{"n":0.12345678901234568}', ['the digits of 0.12345678901234567891']],
  ['{"a":"\\ud800"}', '{"a":"\\ufffd"}', ['a']],
  ['[1]', '{"a":1}', ['the value']],
  ['10.0.0.7:80', '"10.0.0.7:80"', ['a value that is not JSON']],
];

describe('changedParts', () => {
  for (const [stored, rewritten, changed] of [...same, ...different])
    it(`finds ${changed.length === 0 ? 'no change' : changed.join(', ')} from ${stored} to ${rewritten}`, () => {
      assert.deepEqual(changedParts(Buffer.from(stored), Buffer.from(rewritten)), changed);
    });

  it('finds bytes that are not UTF-8', () => {
    const stored = Buffer.from('{"a":"\xff"}', 'latin1');
    assert.deepEqual(changedParts(stored, Buffer.from('{"a":"\ufffd"}')), ['bytes that are not UTF-8']);
  });

  it('compares a value that is nested deeper than the stack', () => {
    const nested = (depth: number, end: string) =>
      Buffer.from(`${'['.repeat(depth)}${end}${']'.repeat(depth)}`);
    assert.deepEqual(changedParts(nested(9_000, '1'), nested(9_000, ' 1')), []);
    assert.equal(changedParts(nested(9_000, '1'), nested(9_000, '2')).length, 1);
  });
});

describe('lostParts', () => {
  const kv = {
    key: Buffer.from('shop/a'),
    value: Buffer.from('{"a":1,"b":2}'),
    ...{ createRevision: 1n, modRevision: 1n, version: 1n, lease: 0n },
  };
  const check = (action: string, encode: () => string) => () => {
    const codec = { name: 'own', keyPrefix: () => 'shop/', decode: () => ({ addr: '10.0.0.1:1' }), encode };
    lostParts(parseTargetArgument('shop', { codec, args: '' }), kv, action, { addr: '10.0.0.1:1' });
  };

  it('accepts a record that is written again as it is stored', () => {
    check('drain', () => '{"b":2,"a":1}')();
  });

  it('names what would be lost, and what to do', () => {
    const message = "'shop/a' was not changed: writing it again would change or lose b";
    assert.throws(
      check('drain', () => '{"a":1}'),
      { message: `${message}; drain at its server, or through own` },
    );
    assert.throws(
      check('remove the mark', () => '{"a":1}'),
      {
        message: `${message}; remove the mark at its server, or through own`,
      },
    );
  });

  it('has the reason of a codec that cannot write the record', () => {
    const refused = check('drain', () => {
      throw new NamingError('the weight is too large');
    });
    assert.throws(refused, {
      exitCode: 1,
      message:
        "'shop/a' was not changed: the codec cannot write this record: the weight is too large; drain at its server, or through own",
    });
  });

  describe('for a record of the default format', () => {
    const lostOf = (value: string) => {
      const stored = { ...kv, value: Buffer.from(value) };
      return lostParts(parseTargetArgument('shop'), stored, 'drain', decodeEndpoint(stored.value));
    };

    it('is empty for what Go writes in another way', () => {
      for (const value of [
        '{"Op":0,"Addr":"a:1","Metadata":null}',
        '{"addr":"a:1"}',
        '{"METADATA":{"b":1,"a":[]},"op":null,"aDDR":"a:1"}',
        '{"Addr":"a:1","Metadata":{"n":[0.12345678901234567891]}}',
      ])
        assert.deepEqual(lostOf(value), [], value);
    });

    it('has the members that Go does not know, and values that it reads as others', () => {
      assert.deepEqual(lostOf('{"Addr":"a:1","secret":"s","Metadata":{"a":1},"x.y":null}'), [
        'secret',
        'x.y',
      ]);
      assert.deepEqual(lostOf('{"addr":"a:1","__proto__":{"a":1}}'), ['__proto__']);
      assert.deepEqual(lostOf('{"Op":1,"Addr":"a:1"}'), ['Op']);
      assert.deepEqual(lostOf('{"Addr":"a:1","metadata":{"a":"\\ud800"}}'), ['Metadata.a']);
      assert.deepEqual(lostOf('{"Addr":"a:1","Addr":"b:1"}'), ['repeated members']);
      assert.deepEqual(lostOf('{"Addr":"a:1","addr":"b:1"}'), ['Addr', 'addr']);
    });
  });
});
