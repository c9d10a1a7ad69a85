import assert from 'node:assert/strict';
import { globalOptions, parseCommandArgs, splitCommandLine } from '#src/cli/args/command-line.js';
import { configuredEndpoints, mergeFlagsIntoEnvironment } from '#src/cli/args/connection.js';
import { ParsedOptions } from '#src/cli/args/options.js';
import { outputFormatFrom } from '#src/cli/args/output-format.js';
import { commands } from '#src/cli/commands/index.js';

const commandNamed = (name: string) => commands.find((command) => command.name === name)!;

describe('command line', () => {
  it('finds the command name after global options and their values', () => {
    const line = splitCommandLine(['--endpoints', 'ls', '--json', 'get', 'svc', 'e1']);
    assert.equal(line.commandName, 'get');
    assert.deepEqual(line.args, ['--endpoints', 'ls', '--json', 'svc', 'e1']);
  });

  it('passes the arguments after -- to the program of a command that runs one', () => {
    const line = splitCommandLine(['register', 'svc', '--addr', 'a:1', '--', 'node', '--json', '--', 'x']);
    const { positionals, options, programArgs } = parseCommandArgs(commandNamed('register'), line);
    assert.deepEqual(positionals, ['svc']);
    assert.equal(options.flag('json'), false);
    assert.deepEqual(programArgs, ['node', '--json', '--', 'x']);
  });

  for (const [args, positionals, programArgs] of [
    [['lock', '--', '-a', '--', 'true', '--', '-x'], ['-a'], ['true', '--', '-x']],
    [['lock', '--', '-a'], ['-a'], undefined],
    [['lock', 'a', '--', '-x', '--', 'y'], ['a'], ['-x', '--', 'y']],
    [['elect', '--', '-a', '-1', '--', 'true'], ['-a', '-1'], ['true']],
    [['elect', 'a', '--', '-1', '--', 'true'], ['a', '-1'], ['true']],
    [['elect', '-l', '--', '-a'], ['-a'], undefined],
    [['lock', 'a', '--'], ['a'], []],
    [['lock', 'a'], ['a'], undefined],
  ] as const)
    it(`reads the names and the program in ${args.join(' ')}`, () => {
      const parsed = parseCommandArgs(commandNamed(args[0]), splitCommandLine(args));
      assert.deepEqual([parsed.positionals, parsed.programArgs], [positionals, programArgs]);
    });

  it('takes no program without a dash for a missing name', () => {
    for (const args of [
      ['lock', '--', 'true'],
      ['lock', '--', 'make', '--', 'x'],
    ])
      assert.throws(() => parseCommandArgs(commandNamed('lock'), splitCommandLine(args)), {
        message: /an argument is missing/,
      });
  });

  it('rejects bytes that are not UTF-8 in every argument of every command, without the value of an option', () => {
    for (const [args, text] of [
      [['lock', 'a\ufffd'], /^the argument 'a\ufffd' is not UTF-8/],
      [['elect', 'a', '\ufffd'], /^the argument/],
      [['ls', '--prefix', 's\ufffd'], /^the value of --prefix is not UTF-8, or contains U\+FFFD[^']*$/],
      [['get', 's\ufffd'], /^the argument .* such bytes$/],
      [['rm', 's', '\ufffd'], /^the argument .*; --hex takes an id in hexadecimal$/],
      [['get', 's', '--', '-\ufffd'], /^the argument .*; --hex takes/],
      [['lock', 'a', '--', 'rm', '\ufffd'], /^an argument of the program is not UTF-8/],
    ] as const)
      assert.throws(
        () => parseCommandArgs(commandNamed(args[0]), splitCommandLine(args)),
        (error: Error) => text.test(error.message) && 'exitCode' in error && error.exitCode === 2,
        args.join(' '),
      );
  });

  it('reads the arguments after -- as positionals of any other command', () => {
    const { positionals } = parseCommandArgs(
      commandNamed('get'),
      splitCommandLine(['get', 'svc', '--', '--json']),
    );
    assert.deepEqual(positionals, ['svc', '--json']);
  });

  it('accepts --flag=true and --flag=false for switches, and keeps such values of other options', () => {
    const args = ['ls', '--insecure-transport=false', '--json=true', '--prefix=false'];
    const { options } = parseCommandArgs(commandNamed('ls'), splitCommandLine(args));
    assert.equal(options.rawText('insecure-transport'), 'false');
    assert.equal(options.flag('json'), true);
    assert.equal(options.text('prefix'), 'false');
  });

  it('joins the values of a repeated option, and accepts a negative number as a value', () => {
    const args = ['ls', '--endpoints', 'a:1,', '--endpoints', 'b:1', '--prefix', '-1'];
    const { options } = parseCommandArgs(commandNamed('ls'), splitCommandLine(args));
    assert.equal(options.text('endpoints'), 'a:1,,b:1');
    assert.deepEqual(configuredEndpoints(options, {}), ['a:1', 'b:1']);
    assert.equal(options.text('prefix'), '-1');
  });

  for (const [args, text] of [
    [['ls', '--prefx', 'a'], "unknown option '--prefx'; did you mean '--prefix'?"],
    [['ls', '--no-jsn'], "unknown option '--no-jsn'; did you mean '--json'?"],
    [['ls', '-json'], "unknown option '-json'; did you mean '--json'?"],
    [['ls', '-prefix=a'], "unknown option '-prefix'; did you mean '--prefix'?"],
    [['ls', '-w', 'json'], "unknown option '-w'; did you mean '--output'?"],
    [['ls', '-x'], "unknown option '-x'"],
    [['ls', '--watch', '--wat'], "unknown option '--wat'; did you mean '--watch'?"],
    [['ls', '-psecret-of-a-user'], "unknown option '-p'"],
    [['ls', '-password=x'], "unknown option '-password'; did you mean '--password'?"],
    [['ls', '--write-out', 'json'], "unknown option '--write-out'; did you mean '--output'?"],
    [['ls', '--format=json'], "unknown option '--format'; did you mean '--output'?"],
    [['ls', '--zzzzzzzz'], "unknown option '--zzzzzzzz'"],
    [
      ['add', 'svc', 'a:1', '--id', '-e1'],
      '--id requires a value; write --id=VALUE if the value begins with a dash',
    ],
  ] as const)
    it(`rejects ${args.join(' ')} with a suggestion where there is one`, () => {
      assert.throws(() => parseCommandArgs(commandNamed(args[0]), splitCommandLine(args)), { message: text });
    });

  it('reports an error of the parser on one line, without its advice', () => {
    for (const args of [
      ['get', 'svc', '--raw=x'],
      ['get', 'svc', '--id', 'e1'],
      ['add', 'svc', 'a:1', '--id', '--json'],
    ])
      assert.throws(
        () => parseCommandArgs(commandNamed(args[0]!), splitCommandLine(args)),
        (error: Error) => !/\n|To specify/.test(error.message) && 'exitCode' in error && error.exitCode === 2,
        args.join(' '),
      );
  });
});

describe('the output format', () => {
  for (const [args, format] of [
    [['ls'], 'table'],
    [['ls', '--json'], 'json'],
    [['ls', '--json', '-o', 'json'], 'json'],
    [['-o', 'wide', 'ls'], 'wide'],
    [['ls', '--output=table'], 'table'],
  ] as const)
    it(`is ${format} for ${args.join(' ')}`, () => {
      const { options } = parseCommandArgs(commandNamed('ls'), splitCommandLine(args));
      assert.equal(outputFormatFrom(options), format);
    });
});

describe('contradictory output formats', () => {
  it('are rejected', () => {
    const { options } = parseCommandArgs(
      commandNamed('ls'),
      splitCommandLine(['ls', '--json', '--output', 'table']),
    );
    assert.throws(() => outputFormatFrom(options), {
      message: '--json and --output table exclude each other',
    });
  });
});

describe('the options of all commands', () => {
  it('take the same kind of value under the same name, so that completion needs no command', () => {
    const kinds = new Map<string, string>();
    for (const { name, options } of commands)
      for (const [option, { value, choices }] of Object.entries({ ...globalOptions, ...options })) {
        const kind = JSON.stringify([value !== undefined, value === 'FILE', choices]);
        assert.equal(kinds.get(option) ?? kind, kind, `${option} of ${name}`);
        kinds.set(option, kind);
      }
  });
});

describe('option values', () => {
  const options = (values: Record<string, string>) => new ParsedOptions(values);

  it('are durations as Go writes them, limited to the longest timer', () => {
    const durations = { '0': 0, '.5s': 500, '+5s': 5_000, '1m30s': 90_000, '600h': 2 ** 31 - 1 };
    for (const [text, ms] of Object.entries(durations)) assert.equal(options({ t: text }).duration('t'), ms);
    for (const text of ['', 'x', '-1s', '1d', '1 s', 's'])
      assert.throws(() => options({ t: text }).duration('t'), /--t is '.*'; it must be a duration such as/);
    assert.throws(() => options({ t: '10' }).duration('t'), /\(10s for seconds\)/);
  });

  it('are whole numbers within their limits', () => {
    assert.equal(options({ n: '7' }).integer('n', 1, 9), 7);
    for (const text of ['0', '10', '1.5', 'x', '-1', '1e0', '0x5', ' 5', '5 ', '+5', '5.0', '٥'])
      assert.throws(
        () => options({ n: text }).integer('n', 1, 9),
        /--n is '.*'; it must be a whole number from 1 to 9/,
      );
  });

  it('are numbers within their limits', () => {
    for (const [text, value] of Object.entries({ 0: 0, 8.5: 8.5, '.5': 0.5, '007': 7 }))
      assert.equal(options({ n: text }).number('n', 0, 9), value);
    const misspelled = ['1x', '1e0', '0x1', ' 1', '1.', '.', '+1'];
    for (const text of ['', ' ', '-1', '9.5', 'NaN', 'Infinity', ...misspelled])
      assert.throws(() => options({ n: text }).number('n', 0, 9), /--n is/, text);
  });
});

describe('flags and etcdctl’s variables', () => {
  const merged = (values: Record<string, string | boolean>, env: Record<string, string>) =>
    mergeFlagsIntoEnvironment(new ParsedOptions(values), env);

  it('are merged, and a flag takes precedence', () => {
    const env = merged(
      { endpoints: 'a:1', 'dial-timeout': '1s' },
      { ETCDCTL_ENDPOINTS: 'b:1', ETCDCTL_CERT: 'c' },
    );
    assert.equal(env['ETCDCTL_ENDPOINTS'], 'a:1');
    assert.equal(env['ETCDCTL_DIAL_TIMEOUT'], '1s');
    assert.equal(env['ETCDCTL_CERT'], 'c');
  });

  it('name a domain or endpoints: --endpoints takes precedence over a domain in the variables', () => {
    const env = { ETCDCTL_DISCOVERY_SRV: 'a.test', ETCDCTL_DISCOVERY_SRV_NAME: 'blue' };
    const withEndpoints = merged({ endpoints: 'a:1' }, env);
    assert.equal(withEndpoints['ETCDCTL_DISCOVERY_SRV'], undefined);
    assert.equal(withEndpoints['ETCDCTL_DISCOVERY_SRV_NAME'], undefined);
    assert.deepEqual(configuredEndpoints(new ParsedOptions({}), env), []);
    const flags = { 'discovery-srv': 'b.test', 'insecure-discovery': false };
    const withDomain = merged(flags, { ...env, ETCDCTL_ENDPOINTS: 'a:1' });
    assert.equal(withDomain['ETCDCTL_DISCOVERY_SRV'], 'b.test');
    assert.equal(withDomain['ETCDCTL_INSECURE_DISCOVERY'], 'false');
    assert.throws(() => merged({ 'discovery-srv': 'b.test', endpoints: 'a:1' }, {}), {
      message: '--discovery-srv and --endpoints exclude each other',
    });
  });

  it('limit a call to five seconds by default, as etcdctl does', () => {
    assert.equal(merged({}, {})['ETCDCTL_COMMAND_TIMEOUT'], '5s');
    assert.equal(merged({}, { ETCDCTL_COMMAND_TIMEOUT: '1m' })['ETCDCTL_COMMAND_TIMEOUT'], '1m');
  });

  it('do not combine the user of a flag with another user’s token or password from the variables', () => {
    const env = { ETCDCTL_AUTH_JWT_TOKEN: 't', ETCDCTL_USER: 'b', ETCDCTL_PASSWORD: 'p' };
    const both = merged({ user: 'a:x' }, env);
    assert.deepEqual(
      [both['ETCDCTL_USER'], both['ETCDCTL_PASSWORD'], both['ETCDCTL_AUTH_JWT_TOKEN']],
      ['a:x', undefined, undefined],
    );
    assert.equal(merged({ user: 'a' }, env)['ETCDCTL_PASSWORD'], 'p');
  });
});
