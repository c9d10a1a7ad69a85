import assert from 'node:assert/strict';
import { readVerbLine, splitCommandLine } from '#src/cli/command-line.js';
import { endpointsOf, environmentOf } from '#src/cli/connection.js';
import { Options } from '#src/cli/options.js';
import { verbs } from '#src/cli/verbs/index.js';

const verb = (name: string) => verbs.find((one) => one.name === name)!;

describe('a command line', () => {
  it('has its verb behind options for all verbs, and their values', () => {
    const line = splitCommandLine(['--endpoints', 'ls', '--json', 'get', 'svc', 'e1']);
    assert.equal(line.verb, 'get');
    assert.deepEqual(line.rest, ['--endpoints', 'ls', '--json', 'svc', 'e1']);
  });

  it('keeps what follows after -- away from the options, for a verb that runs a program', () => {
    const line = splitCommandLine(['register', 'svc', '--addr', 'a:1', '--', 'node', '--json', '--', 'x']);
    assert.deepEqual(line.program, ['node', '--json', '--', 'x']);
    const { words, options } = readVerbLine(verb('register'), line);
    assert.deepEqual(words, ['svc']);
    assert.equal(options.flag('json'), false);
  });

  it('takes them as words for any other', () => {
    const { words } = readVerbLine(verb('get'), splitCommandLine(['get', 'svc', '--', '--json']));
    assert.deepEqual(words, ['svc', '--json']);
  });

  it('takes --flag=false and --flag=true of switches, and leaves values alone', () => {
    const args = ['ls', '--insecure-transport=false', '--json=true', '--prefix=false'];
    const { options } = readVerbLine(verb('ls'), splitCommandLine(args));
    assert.equal(options.given('insecure-transport'), 'false');
    assert.equal(options.flag('json'), true);
    assert.equal(options.text('prefix'), 'false');
  });

  it('takes a list in several flags, and a negative number as a value', () => {
    const args = ['ls', '--endpoints', 'a:1,', '--endpoints', 'b:1', '--prefix', '-1'];
    const { options } = readVerbLine(verb('ls'), splitCommandLine(args));
    assert.equal(options.text('endpoints'), 'a:1,,b:1');
    assert.deepEqual(endpointsOf(options, {}), ['a:1', 'b:1']);
    assert.equal(options.text('prefix'), '-1');
  });

  for (const [args, text] of [
    [['ls', '--prefx', 'a'], "there is no option '--prefx'; did you mean '--prefix'?"],
    [['ls', '--no-jsn'], "there is no option '--no-jsn'; did you mean '--json'?"],
    [['ls', '--zzzzzzzz'], "there is no option '--zzzzzzzz'"],
    [['ls', '-v'], "there is no option '-v'; etcd-naming -v, without a verb, prints the version"],
    [
      ['add', 'svc', 'a:1', '--id', '-e1'],
      '--id needs a value; write --id=VALUE for one that begins with a dash',
    ],
  ] as const)
    it(`says of ${args.join(' ')} what was probably meant`, () => {
      assert.throws(() => readVerbLine(verb(args[0]), splitCommandLine(args)), { message: text });
    });

  it('is wrong in one line, without the parser’s advice', () => {
    for (const args of [
      ['get', 'svc', '--raw=x'],
      ['get', 'svc', '--id', 'e1'],
      ['add', 'svc', 'a:1', '--id', '--json'],
    ])
      assert.throws(
        () => readVerbLine(verb(args[0]!), splitCommandLine(args)),
        (error: Error) => !/\n|To specify/.test(error.message) && 'exitCode' in error && error.exitCode === 2,
        args.join(' '),
      );
  });
});

describe('the values of options', () => {
  const options = (values: Record<string, string>) => new Options(values);

  it('are durations as Go spells them, within what timers reach', () => {
    const durations = { '0': 0, '.5s': 500, '+5s': 5_000, '1m30s': 90_000, '600h': 2 ** 31 - 1 };
    for (const [text, ms] of Object.entries(durations)) assert.equal(options({ t: text }).duration('t'), ms);
    for (const text of ['', 'x', '-1s', '1d', '1 s', 's'])
      assert.throws(() => options({ t: text }).duration('t'), /--t is '.*'; it must be a duration such as/);
    assert.throws(() => options({ t: '10' }).duration('t'), /\(10s for seconds\)/);
  });

  it('are whole numbers within bounds', () => {
    assert.equal(options({ n: '7' }).wholeNumber('n', 1, 9), 7);
    for (const text of ['0', '10', '1.5', 'x', '-1'])
      assert.throws(
        () => options({ n: text }).wholeNumber('n', 1, 9),
        /--n is '.*'; it must be a whole number from 1 to 9/,
      );
  });

  it('are numbers from their least on', () => {
    assert.equal(options({ n: '0' }).number('n', 0), 0);
    for (const text of ['', ' ', '-1', 'NaN', 'Infinity', '1x'])
      assert.throws(() => options({ n: text }).number('n', 0), /--n is/, text);
  });
});

describe('flags and etcdctl’s variables', () => {
  const merged = (values: Record<string, string | boolean>, env: Record<string, string>) =>
    environmentOf(new Options(values), env);

  it('are laid over each other, flags on top', () => {
    const env = merged(
      { endpoints: 'a:1', 'dial-timeout': '1s' },
      { ETCDCTL_ENDPOINTS: 'b:1', ETCDCTL_CERT: 'c' },
    );
    assert.equal(env['ETCDCTL_ENDPOINTS'], 'a:1');
    assert.equal(env['ETCDCTL_DIAL_TIMEOUT'], '1s');
    assert.equal(env['ETCDCTL_CERT'], 'c');
  });

  it('have five seconds for a call, as etcdctl, unless they say otherwise', () => {
    assert.equal(merged({}, {})['ETCDCTL_COMMAND_TIMEOUT'], '5s');
    assert.equal(merged({}, { ETCDCTL_COMMAND_TIMEOUT: '1m' })['ETCDCTL_COMMAND_TIMEOUT'], '1m');
  });

  it('never mix the user of a flag with the token or password of a variable that is another’s', () => {
    const env = { ETCDCTL_AUTH_JWT_TOKEN: 't', ETCDCTL_USER: 'b', ETCDCTL_PASSWORD: 'p' };
    const both = merged({ user: 'a:x' }, env);
    assert.deepEqual(
      [both['ETCDCTL_USER'], both['ETCDCTL_PASSWORD'], both['ETCDCTL_AUTH_JWT_TOKEN']],
      ['a:x', undefined, undefined],
    );
    assert.equal(merged({ user: 'a' }, env)['ETCDCTL_PASSWORD'], 'p');
  });
});
