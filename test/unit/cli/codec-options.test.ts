import assert from 'node:assert/strict';
import { codecFrom, codecNames, loadFrameworks } from '#src/cli/args/codec.js';
import { ParsedOptions } from '#src/cli/args/options.js';
import { exitCodeOf, messageOf } from '#src/cli/errors.js';

const select = (options: Readonly<Record<string, string>>) => codecFrom(new ParsedOptions(options));

describe('--codec', () => {
  it('has a codec for each of its values, whose name is that value', async () => {
    assert.deepEqual(['endpoints', ...Object.keys(await loadFrameworks())], [...codecNames]);
    for (const name of codecNames.slice(1)) {
      const selected = await select({ codec: name });
      assert.deepEqual([selected?.codec.name, selected?.args], [name, ` --codec ${name}`]);
    }
  });

  it('selects nothing by default, and for the default', async () => {
    assert.equal(await select({}), undefined);
    assert.equal(await select({ codec: 'endpoints' }), undefined);
  });

  const roots = { kratos: '/ns/', 'go-micro': '/ns/', kitex: '/ns/', coredns: '/ns/' };
  for (const [codec, root] of Object.entries(roots))
    it(`--codec-prefix /ns is the root of ${codec}`, async () => {
      const selected = await select({ codec, 'codec-prefix': '/ns' });
      assert.deepEqual(
        [selected?.codec.root, selected?.args],
        [root, ` --codec ${codec} --codec-prefix /ns`],
      );
    });

  it('--codec-options are those of the codec', async () => {
    const selected = await select({ codec: 'kratos', 'codec-options': '{"secure":true}' });
    assert.equal(selected?.args, ` --codec kratos --codec-options '{"secure":true}'`);
    const value = Buffer.from('{"id":"a","name":"shop","endpoints":["grpcs://10.0.0.7:9000"]}');
    const record = { service: 'shop', key: '/microservices/shop/a', id: 'a', value };
    assert.deepEqual(selected?.codec.decode(record), { addr: '10.0.0.7:9000' });
  });

  const refused: readonly (readonly [options: Readonly<Record<string, string>>, text: RegExp])[] = [
    [
      { codec: 'kratso' },
      /^--codec is 'kratso'; did you mean 'kratos'\? \(it must be one of endpoints, go-zero, /,
    ],
    [{ codec: 'gozero' }, /did you mean 'go-zero'\?/],
    [{ codec: 'skydns' }, /did you mean 'coredns'\?/],
    [{ codec: 'Kratos' }, /did you mean 'kratos'\?/],
    [{ codec: 'consul-and-others' }, /^--codec is 'consul-and-others'; it must be one of endpoints, /],
    [{ codec: 'constructor' }, /^--codec is 'constructor'; it must be one of/],
    [{ codec: '' }, /^--codec is ''; it must be one of/],
    [{ 'codec-prefix': '/x' }, /^--codec-prefix requires --codec with the name of a framework/],
    [{ 'codec-options': '' }, /^--codec-options requires --codec/],
    [{ codec: 'endpoints', 'codec-options': '{}' }, /^--codec-options requires --codec/],
    [{ codec: 'go-zero', 'codec-prefix': '/x' }, /^--codec-prefix is not for --codec go-zero/],
    [{ codec: 'go-zero', 'codec-options': '{"a":1}' }, /^--codec go-zero: unknown option 'a'/],
    [
      { codec: 'kratos', 'codec-options': '{"secur":true}' },
      /^--codec kratos: unknown option 'secur'.*'secure'/,
    ],
    [{ codec: 'kratos', 'codec-options': '{' }, /^--codec-options is not JSON/],
    [{ codec: 'kratos', 'codec-options': '[]' }, /^--codec-options is not a JSON object/],
    [{ codec: 'kratos', 'codec-options': 'null' }, /^--codec-options is not a JSON object/],
    [{ codec: 'coredns', 'codec-prefix': '/a/../b' }, /^--codec coredns: path /],
  ];
  for (const [options, text] of refused)
    it(`refuses ${JSON.stringify(options)}`, async () => {
      await assert.rejects(select(options), (error) => {
        assert.equal(exitCodeOf(error), 2);
        assert.match(messageOf(error), text);
        return true;
      });
    });
});
