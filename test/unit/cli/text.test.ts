import assert from 'node:assert/strict';
import { parseTargetArgument } from '#src/cli/args/target.js';
import { isCallersOwnHost } from '#src/cli/data/address.js';
import { readRecords } from '#src/cli/data/records.js';
import { CliError, exitCodeOf, messageOf } from '#src/cli/errors.js';
import { displayWidth, truncate } from '#src/cli/output/display-width.js';
import { toJson } from '#src/cli/output/json.js';
import { alignColumns, escapeAndTruncate, formatDuration, pluralize } from '#src/cli/output/text.js';
import type { EtcdClient } from '#src/client/index.js';
import { Code, EtcdError, InvalidInputError } from '#src/errors/index.js';

describe('text for a terminal', () => {
  it('is aligned in columns as wide as their widest cell', () => {
    assert.deepEqual(
      alignColumns([
        ['A', 'B'],
        ['long', ''],
        ['\x1b', 'x'],
      ]),
      ['A     B', 'long', '\\x1b  x'],
    );
  });

  it('is truncated to a width and ends with an ellipsis', () => {
    assert.equal(truncate('abcdef', 6), 'abcdef');
    assert.equal(truncate('abcdefg', 6), 'abcde…');
    assert.equal(truncate('😀😀', 4), '😀😀');
    assert.equal(truncate('😀😀😀', 4), '😀…');
    assert.equal(truncate('東京都', 5), '東京…');
    assert.equal(truncate('ab', 1), '…');
    assert.equal(truncate('ab', 0), '');
  });

  it('has the width that a terminal uses for it', () => {
    for (const [text, width] of [
      ...([
        ['', 0],
        ['abc', 3],
        ['é', 1],
        ['e\u0301', 1],
        ['東京', 4],
        ['ｱ', 1],
        ['Ａ', 2],
        ['한', 2],
      ] as const),
      ...([
        ['\u1112\u1161\u11ab', 2],
        ['😀', 2],
        ['✓', 1],
        ['Ω', 1],
        ['…', 1],
        ['☺', 1],
        ['⌚', 2],
      ] as const),
    ])
      assert.equal(displayWidth(text), width, text);
  });

  it('is truncated if it has too many combining marks', () => {
    assert.ok(truncate(`e${'\u0301'.repeat(1_000_000)}`, 10).length < 50);
  });

  it('is aligned by the width of its characters', () => {
    assert.deepEqual(
      alignColumns([
        ['東京', 'x'],
        ['abc', 'y'],
      ]),
      ['東京  x', 'abc   y'],
    );
  });

  it('is truncated if it is long, and shifts only the rest of its own row', () => {
    const lines = alignColumns([
      ['x'.repeat(1_400_000), 'a'],
      ['short', 'b'],
    ]);
    assert.equal(lines[0], `${'x'.repeat(199)}…  a`);
    assert.equal(lines[1], `${'short'.padEnd(64)}  b`);
    assert.equal(escapeAndTruncate('\u202e'.repeat(100)).length, 200);
  });

  it('formats counts and durations', () => {
    assert.deepEqual(
      [pluralize(0, 'key'), pluralize(1n, 'key'), pluralize(2, 'key')],
      ['0 keys', '1 key', '2 keys'],
    );
    assert.deepEqual([0, 59_999, 120_000, 7_200_000, 172_800_000].map(formatDuration), [
      '0 s',
      '59 s',
      '2 min',
      '2 h',
      '2 d',
    ]);
  });
});

describe('readRecords', () => {
  const value = Buffer.from('{"Addr":"a:1"}');
  const fields = { createRevision: 1n, modRevision: 2n, version: 1n, lease: 0n };
  async function* stream() {
    yield { kvs: [{ key: Buffer.from('svc/a'), value, ...fields }], revision: 3n };
  }
  const client = { kv: { stream } } as unknown as EtcdClient;

  it('drops the values unless they are requested', async () => {
    for (const [options, valueLength] of [
      [{}, 0],
      [{ values: true }, value.length],
    ] as const) {
      const { records } = await readRecords(client, parseTargetArgument('svc'), options);
      assert.deepEqual(
        records.map(({ id, endpoint, kv }) => [id, endpoint?.addr, kv.modRevision, kv.value.length]),
        [['a', 'a:1', 2n, valueLength]],
      );
    }
  });
});

describe('JSON of the command', () => {
  it('has 64-bit numbers as strings, and control characters escaped', () => {
    const text = toJson({ revision: 2n ** 63n - 1n, zone: '\x1b\x9b\u2028' });
    assert.equal(text, '{"revision":"9223372036854775807","zone":"\\u001b\\u009b\\u2028"}');
    assert.equal(JSON.parse(text).zone, '\x1b\x9b\u2028');
    const odd = { '\u202e': ['\u2066\u{e0041}\udcff'] };
    assert.equal(toJson(odd), '{"\\u202e":["\\u2066\\udb40\\udc41\\udcff"]}');
    assert.deepEqual(JSON.parse(toJson(odd)), odd);
  });

  it('equals that of JSON.stringify for arrays, undefined and toJSON()', () => {
    const value = {
      a: [1, undefined, [], {}],
      b: undefined,
      c: { d: null, e: 'x"' },
      '1': true,
      when: new Date(0),
    };
    assert.equal(toJson(value), JSON.stringify(value));
  });

  it('is written for values that are nested deeper than the stack', () => {
    const deep = `${'[{"a":'.repeat(50_000)}1${'}]'.repeat(50_000)}`;
    assert.equal(toJson(JSON.parse(deep)), deep);
  });
});

describe('an error of the command', () => {
  it('has the exit code of its kind', () => {
    assert.equal(exitCodeOf(new CliError('x')), 1);
    assert.equal(exitCodeOf(new InvalidInputError('x')), 2);
    assert.equal(exitCodeOf(new EtcdError('x', { code: Code.UNAVAILABLE })), 3);
    assert.equal(exitCodeOf(new EtcdError('x', { code: Code.DEADLINE_EXCEEDED })), 3);
    assert.equal(exitCodeOf(new EtcdError('x', { code: Code.RESOURCE_EXHAUSTED })), 1);
    assert.equal(exitCodeOf(new Error('x')), 1);
  });

  it('is printed on one line', () => {
    assert.equal(messageOf(new Error('a\n  b')), 'a b');
  });
});

describe('a target', () => {
  const service = (input: string) => parseTargetArgument(input).service;

  it('is the name of a service, unchanged', () => {
    for (const name of ['svc', 'a/b', 'a/', '/a', '%20', 'etcd/x', 'x:y']) assert.equal(service(name), name);
  });

  it('is parsed from a URI as a channel parses it', () => {
    const uris = {
      'etcd:///foo/bar': 'foo/bar',
      'etcd:foo': 'foo',
      'etcd:/foo': 'foo',
      'etcd:////foo': '/foo',
      'etcd:///foo/': 'foo/',
      'etcd:///a%20b?x=1#y': 'a b',
      'etcd://foo/bar/svc': 'foo/bar/svc',
    };
    for (const [uri, name] of Object.entries(uris)) assert.equal(service(uri), name, uri);
    assert.equal(parseTargetArgument('etcd://foo/bar').authority, 'foo');
    assert.equal(parseTargetArgument('etcd:///bar').authority, undefined);
  });

  it('is rejected if it names no service', () => {
    for (const input of ['', 'etcd:', 'etcd:///', 'etcd:///?x'])
      assert.throws(
        () => parseTargetArgument(input),
        (error) => exitCodeOf(error) === 2,
        input,
      );
  });
});

describe('an address', () => {
  it('is the caller’s own host if it is loopback or a wildcard', () => {
    for (const addr of ['127.0.0.1:1', 'localhost:1', '[::1]:1', '0.0.0.0:1', '[::]:1'])
      assert.ok(isCallersOwnHost(addr), addr);
    for (const addr of ['10.0.0.1:1', 'host:1', '[2001:db8::1]:1']) assert.ok(!isCallersOwnHost(addr), addr);
  });
});
