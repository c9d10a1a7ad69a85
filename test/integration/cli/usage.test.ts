import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { useEtcd } from '../../support/etcd.js';
import { CommandRunner, skipWithoutScript } from './support.js';

const commandNames = [
  'ls',
  'get',
  'watch',
  'add',
  'rm',
  'drain',
  'register',
  'lock',
  'elect',
  'doctor',
  'ui',
  'completion',
];
const root = fileURLToPath(new URL('../../../../', import.meta.url));

describe('etcd-naming', () => {
  const etcd = useEtcd();
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
  const unreachable = { ETCDCTL_ENDPOINTS: '127.0.0.1:1', ETCDCTL_COMMAND_TIMEOUT: '500ms' };

  it('is the bin of the package, and prints its version', async () => {
    const { bin, version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
    assert.deepEqual(bin, { 'etcd-naming': './dist/cli.js' });
    assert.ok(readFileSync(`${root}dist/cli.js`, 'utf8').startsWith('#!/usr/bin/env node\n'));
    assert.deepEqual((await commands.run('--version')).stdout, `${version}\n`);
  });

  it('prints help with all commands, and for each command with its options and examples', async () => {
    const { code, stdout, stderr } = await commands.run('--help');
    assert.deepEqual([code, stderr], [0, '']);
    for (const name of commandNames) assert.match(stdout, new RegExp(`^ {2}${name} `, 'm'));
    for (const name of commandNames) {
      const help = await commands.run(name, '--help');
      assert.equal(help.code, 0);
      assert.match(help.stdout, new RegExp(`^etcd-naming ${name}[ \n]`));
      assert.match(help.stdout, new RegExp(`\nExamples:\n {2}.*etcd-naming ${name}\\b`));
      assert.equal((await commands.run('help', name)).stdout, help.stdout);
    }
  });

  it('prints the help on stderr and exits with 2 without a command', async () => {
    const { code, stdout, stderr } = await commands.run();
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /Usage: etcd-naming <command>/);
  });

  for (const [args, text] of [
    [
      ['frobnicate'],
      "unknown command 'frobnicate'; the commands are ls, get, watch, add, rm, drain, register, lock, elect, doctor, ui, completion",
    ],
    [['list'], "unknown command 'list'; did you mean 'ls'?"],
    [['lss'], "unknown command 'lss'; did you mean 'ls'?"],
    [['wach', 'svc'], "unknown command 'wach'; did you mean 'watch'?"],
    [['ls', '--bogus'], "unknown option '--bogus'"],
    [['ls', '-w', 'json'], "unknown option '-w'; did you mean '--output'?"],
    [['ls', '--output', 'jsn'], "--output is 'jsn'; it must be one of json, table, wide"],
    [['ls', '--json', '--output', 'wide'], '--json and --output wide exclude each other'],
    [['completion', 'ksh'], "unknown shell 'ksh'; it must be one of bash, zsh, fish"],
    [['help', 'doctr'], "unknown command 'doctr'; did you mean 'doctor'?"],
    [['ls', '--prefx', 'a'], "unknown option '--prefx'; did you mean '--prefix'?"],
    [
      ['add', 'svc', '1.2.3.4:1', '--weight', '-1'],
      "--weight is '-1'; it must be a number from 0 to 9007199254740991",
    ],
    [
      ['add', 'svc', '1.2.3.4:1', '--ttl', '1.5'],
      "--ttl is '1.5'; it must be a whole number from 1 to 9000000000",
    ],
    [['register', 'svc', '--addr', '1.2.3.4:1', '--', ''], 'the program after -- has an empty name'],
    [['ls', '--command-timeout', '0'], "--command-timeout is '0'; it must be more than 0"],
    [['ls', '--cert', '/c'], '--key is missing beside --cert'],
    [
      ['ls', '--endpoints', 'http://a:1', '--cacert', '/c'],
      'TLS is requested by --cacert, but the endpoints use http://: write https://, or omit --cacert',
    ],
    [
      ['register', 'svc', '--addr', 'a:1', '--ready-addr', 'x', '--', 'true'],
      "--ready-addr is 'x'; its port is missing",
    ],
    [['ls', '--endpoints', ''], '--endpoints is empty: write host:port, or omit the flag'],
    [['ls', '--endpoints', ','], "--endpoints is ','; it has no endpoint"],
    [['ls', 'a', 'b'], "unexpected argument 'b'; usage: etcd-naming ls [target]"],
    [['get'], 'an argument is missing; usage: etcd-naming get <target> [id]'],
    [['ls', ''], 'the target is empty'],
    [['ls', 'etcd:///'], /invalid target: .* names no service/],
    [['ls', 'etcd:///%zz'], /has an invalid percent escape/],
    [['ls', 'svc', '--prefix', 'x'], '--prefix and a target exclude each other: --prefix lists services'],
    [['rm', 'svc', ''], 'the id is empty'],
    [['rm', 'svc', 'e1', '--force'], '--force requires --revoke: a deletion does not need it'],
    [
      ['ls', 'svc', '--command-timeout', 'x'],
      "--command-timeout is 'x'; it must be a duration such as 5s or 1m30s",
    ],
    [['ls', 'svc', '--user', 'me'], /--user is set without a password/],
    [['ls', 'svc', '--endpoints', 'http://a:1,https://b:1'], /http/],
  ] as const) {
    it(`rejects ${args.join(' ')} with exit code 2 and one line`, async () => {
      const { code, stdout, stderr } = await commands.run(...args);
      assert.deepEqual([code, stdout], [2, '']);
      if (typeof text === 'string') assert.equal(stderr, `etcd-naming: ${text}\n`);
      else assert.match(stderr, text);
      assert.equal(stderr.trimEnd().split('\n').length, 1);
    });
  }

  it('passes --version on to the program that register runs', async () => {
    const target = `${etcd().prefix}version`;
    const args = ['register', target, '--addr', '127.0.0.1:1', '--no-ready-check', '--propagate', '1ms'];
    const { stdout } = await commands.run(...args, '--', process.execPath, '--version');
    assert.equal(stdout, `${process.version}\n`);
  });

  it('accepts lists of endpoints as etcdctl does', async () => {
    const [endpoint = ''] = etcd().endpoints;
    assert.equal((await commands.runWith(unreachable, 'ls', '--endpoints', `${endpoint},`)).code, 0);
    assert.equal(
      (await commands.runWith(unreachable, 'ls', '--endpoints', endpoint, '--endpoints', endpoint)).code,
      0,
    );
    assert.equal((await commands.runWith({ ETCDCTL_ENDPOINTS: `${endpoint},` }, 'ls')).code, 0);
    assert.equal((await commands.run('doctor', 'svc', '--endpoints', `${endpoint},`)).code, 4);
  });

  it('exits with 1 and one line if its output cannot be written', async () => {
    const { stdout, stderr } = await commands.shell(`"$0" "$1" --help >/dev/full; echo "rc $?"`);
    assert.equal(stdout, 'rc 1\n');
    assert.match(stderr, /^etcd-naming: cannot write the output: ENOSPC[^\n]*\n$/);
  });

  it('names the variable if no flag was given', async () => {
    const { code, stderr } = await commands.runWith({ ETCDCTL_DIAL_TIMEOUT: 'soon' }, 'ls', 'svc');
    assert.equal(code, 2);
    assert.match(stderr, /ETCDCTL_DIAL_TIMEOUT is 'soon'/);
  });

  for (const args of [
    ['ls'],
    ['get', 'svc'],
    ['add', 'svc', '1.2.3.4:1'],
    ['rm', 'svc', 'e'],
    ['drain', 'svc', 'e'],
  ]) {
    it(`exits ${args.join(' ')} with 3 and one line if no etcd answers`, async () => {
      const { code, stdout, stderr } = await commands.runWith(unreachable, ...args);
      assert.deepEqual([code, stdout], [3, '']);
      assert.match(stderr, /^etcd-naming: [^\n]*127\.0\.0\.1:1[^\n]*\n$/);
    });
  }

  it('prints the stack and its causes with --debug', async () => {
    const { code, stderr } = await commands.runWith(unreachable, 'ls', '--debug');
    assert.equal(code, 3);
    assert.match(stderr, /\n +at /);
    assert.match(stderr, /\ncaused by /);
  });

  it('prefers a flag to a variable, and accepts it before the command', async () => {
    const [endpoint = ''] = etcd().endpoints;
    assert.equal((await commands.runWith(unreachable, 'ls', '--endpoints', endpoint)).code, 0);
    assert.equal((await commands.runWith(unreachable, `--endpoints=${endpoint}`, 'ls')).code, 0);
  });

  it('accepts Go’s spelling of a switch', async () => {
    const plain = await commands.run('ls', '--insecure-transport=true', '--json=true');
    assert.equal(plain.code, 0);
    assert.ok(JSON.parse(plain.stdout));
    const tls = await commands.run('ls', '--insecure-transport=false', '--command-timeout=2s');
    assert.equal(tls.code, 3, tls.stderr);
    assert.match(tls.stderr, /TLS/i);
  });

  it('accepts positionals that begin with a dash after --', async () => {
    const target = `${etcd().prefix}dash`;
    assert.equal((await commands.run('add', target, '10.0.0.1:1', '--id=-e1')).code, 0);
    assert.match((await commands.run('get', target, '--', '-e1')).stdout, /10\.0\.0\.1:1/);
  });

  it('dies by Ctrl-C while it waits for an answer', async function () {
    await skipWithoutScript(this);
    const command = commands.startOnTerminal(
      'ls',
      '--endpoints',
      '192.0.2.1:2379',
      '--command-timeout',
      '1h',
    );
    const typing = setInterval(() => command.type('\x03'), 200);
    try {
      const { code, signal } = await command.ended;
      assert.ok(code === 130 || signal === 'SIGINT', `${code} ${signal}`);
    } finally {
      clearInterval(typing);
    }
  });
});
