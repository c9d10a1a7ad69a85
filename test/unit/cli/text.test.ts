import assert from 'node:assert/strict';
import { leadsToCaller } from '#src/cli/address.js';
import { cut, displayWidth } from '#src/cli/display-width.js';
import { CliError, describe as describeError, exitCodeOf } from '#src/cli/failure.js';
import { toJson } from '#src/cli/json.js';
import { readRecords } from '#src/cli/records.js';
import { readTarget } from '#src/cli/target.js';
import { columns, count, shorten, span } from '#src/cli/text.js';
import type { EtcdClient } from '#src/client/index.js';
import { Code, EtcdError, InvalidInputError } from '#src/errors/index.js';

describe('text for a terminal', () => {
  it('stands in columns as wide as their widest cell', () => {
    assert.deepEqual(
      columns([
        ['A', 'B'],
        ['long', ''],
        ['\x1b', 'x'],
      ]),
      ['A     B', 'long', '\\x1b  x'],
    );
  });

  it('is cut to the width with a mark', () => {
    assert.equal(cut('abcdef', 6), 'abcdef');
    assert.equal(cut('abcdefg', 6), 'abcde…');
    assert.equal(cut('😀😀', 4), '😀😀');
    assert.equal(cut('😀😀😀', 4), '😀…');
    assert.equal(cut('東京都', 5), '東京…');
    assert.equal(cut('ab', 1), '…');
    assert.equal(cut('ab', 0), '');
  });

  it('takes as many places as a terminal gives to it', () => {
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

  it('is cut also where it has more marks than letters', () => {
    assert.ok(cut(`e${'\u0301'.repeat(1_000_000)}`, 10).length < 50);
  });

  it('stands in columns by the width of its letters', () => {
    assert.deepEqual(
      columns([
        ['東京', 'x'],
        ['abc', 'y'],
      ]),
      ['東京  x', 'abc   y'],
    );
  });

  it('that is long is cut, and moves what follows in its own row alone', () => {
    const lines = columns([
      ['x'.repeat(1_400_000), 'a'],
      ['short', 'b'],
    ]);
    assert.equal(lines[0], `${'x'.repeat(199)}…  a`);
    assert.equal(lines[1], `${'short'.padEnd(64)}  b`);
    assert.equal(shorten('\u202e'.repeat(100)).length, 200);
  });

  it('counts and measures', () => {
    assert.deepEqual([count(0, 'key'), count(1n, 'key'), count(2, 'key')], ['0 keys', '1 key', '2 keys']);
    assert.deepEqual([0, 59_999, 120_000, 7_200_000, 172_800_000].map(span), [
      '0 s',
      '59 s',
      '2 min',
      '2 h',
      '2 d',
    ]);
  });
});

describe('records that the command reads', () => {
  const value = Buffer.from('{"Addr":"a:1"}');
  const fields = { createRevision: 1n, modRevision: 2n, version: 1n, lease: 0n };
  async function* stream() {
    yield { kvs: [{ key: Buffer.from('svc/a'), value, ...fields }], revision: 3n };
  }
  const client = { kv: { stream } } as unknown as EtcdClient;

  it('keep their values only where those are shown', async () => {
    for (const [options, kept] of [
      [{}, 0],
      [{ values: true }, value.length],
    ] as const) {
      const { records } = await readRecords(client, 'svc/', options);
      assert.deepEqual(
        records.map(({ id, endpoint, kv }) => [id, endpoint?.addr, kv.modRevision, kv.value.length]),
        [['a', 'a:1', 2n, kept]],
      );
    }
  });
});

describe('JSON of the command', () => {
  it('has 64 bits as strings, and nothing that a terminal obeys', () => {
    const text = toJson({ revision: 2n ** 63n - 1n, zone: '\x1b\x9b\u2028' });
    assert.equal(text, '{"revision":"9223372036854775807","zone":"\\u001b\\u009b\\u2028"}');
    assert.equal(JSON.parse(text).zone, '\x1b\x9b\u2028');
    const odd = { '\u202e': ['\u2066\u{e0041}\udcff'] };
    assert.equal(toJson(odd), '{"\\u202e":["\\u2066\\udb40\\udc41\\udcff"]}');
    assert.deepEqual(JSON.parse(toJson(odd)), odd);
  });

  it('is what JSON.stringify writes, also of lists, gaps and results', () => {
    const value = {
      a: [1, undefined, [], {}],
      b: undefined,
      c: { d: null, e: 'x"' },
      '1': true,
      when: new Date(0),
    };
    assert.equal(toJson(value), JSON.stringify(value));
  });

  it('may be nested deeper than the stack', () => {
    const deep = `${'[{"a":'.repeat(50_000)}1${'}]'.repeat(50_000)}`;
    assert.equal(toJson(JSON.parse(deep)), deep);
  });
});

describe('a failure', () => {
  it('has the exit code of its kind', () => {
    assert.equal(exitCodeOf(new CliError('x')), 1);
    assert.equal(exitCodeOf(new InvalidInputError('x')), 2);
    assert.equal(exitCodeOf(new EtcdError('x', { code: Code.UNAVAILABLE })), 3);
    assert.equal(exitCodeOf(new EtcdError('x', { code: Code.DEADLINE_EXCEEDED })), 3);
    assert.equal(exitCodeOf(new EtcdError('x', { code: Code.RESOURCE_EXHAUSTED })), 1);
    assert.equal(exitCodeOf(new Error('x')), 1);
  });

  it('is one line, whatever it says', () => {
    assert.equal(describeError(new Error('a\n  b')), 'a b');
  });
});

describe('a target', () => {
  const service = (written: string) => readTarget(written).service;

  it('is a service’s own name, as it is', () => {
    for (const name of ['svc', 'a/b', 'a/', '/a', '%20', 'etcd/x', 'x:y']) assert.equal(service(name), name);
  });

  it('is read from a URI as a channel reads it', () => {
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
    assert.equal(readTarget('etcd://foo/bar').authority, 'foo');
    assert.equal(readTarget('etcd:///bar').authority, undefined);
  });

  it('is refused where it names nothing', () => {
    for (const written of ['', 'etcd:', 'etcd:///', 'etcd:///?x'])
      assert.throws(
        () => readTarget(written),
        (error) => exitCodeOf(error) === 2,
        written,
      );
  });
});

describe('an address', () => {
  it('is the caller’s own host or not', () => {
    for (const addr of ['127.0.0.1:1', 'localhost:1', '[::1]:1', '0.0.0.0:1', '[::]:1'])
      assert.ok(leadsToCaller(addr), addr);
    for (const addr of ['10.0.0.1:1', 'host:1', '[2001:db8::1]:1']) assert.ok(!leadsToCaller(addr), addr);
  });
});
