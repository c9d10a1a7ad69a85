import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EtcdClient } from '#src/client/index.js';
import { AuthStore } from '../../support/auth-store.js';
import { secretOf } from '../../support/canary.js';
import { CommandRunner } from './support.js';

const password = secretOf('of the password file');
const rotated = secretOf('of the password file, replaced');

/** Prints everything that a program inherits. */
const printInherited = `
  const { readFileSync } = require('node:fs');
  console.log(JSON.stringify(process.env), process.argv.join(' '));
  for (const file of ['environ', 'cmdline']) console.log(readFileSync('/proc/self/' + file, 'latin1'));
  console.log('end of output');
  process.stdin.resume().once('end', () => process.exit(0));
`;

describe('the password of etcd-naming', () => {
  let store: AuthStore;
  let folder: string;
  let file: string;
  const commands = new CommandRunner(() => ({
    ETCDCTL_ENDPOINTS: store.etcd.endpoints.join(','),
    SOMETHING_ELSE: 'inherited',
  }));

  before(async function () {
    this.timeout(120_000);
    folder = mkdtempSync(join(tmpdir(), 'etcd-naming-password-'));
    file = join(folder, 'password');
    store = await AuthStore.start(password);
  });

  beforeEach(() => writeFileSync(file, password));

  after(async () => {
    await store?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const register = (id: string, ...options: string[]) => [
    ...['register', 'svc', '--addr', '127.0.0.1:1', '--id', id, '--no-ready-check', '--propagate', '20ms'],
    ...options,
  ];
  const program = ['--', process.execPath, '-e', printInherited];

  for (const [how, ending] of Object.entries({
    'no line end': '',
    'a line end': '\n',
    'CR and LF': '\r\n',
  })) {
    it(`is read from a file with ${how} at the end`, async () => {
      writeFileSync(file, password + ending);
      const { code, stderr } = await commands.run('ls', '--user', 'root', '--password-file', file);
      assert.equal(code, 0, stderr);
    });
  }

  it('is read from a file that takes precedence over the variables', async () => {
    const variables = {
      ETCDCTL_USER: 'root:wrong',
      ETCDCTL_PASSWORD: 'wrong',
      ETCDCTL_AUTH_JWT_TOKEN: 'wrong',
    };
    const env = { ETCDCTL_ENDPOINTS: store.etcd.endpoints.join(','), ...variables };
    const { code, stderr } = await commands.runWith(env, 'ls', '--password-file', file);
    assert.equal(code, 0, stderr);
  });

  it('is read from a pipe once, however many clients a command creates', async function () {
    const pipe = join(folder, 'pipe');
    if (spawnSync('mkfifo', [pipe]).status !== 0) this.skip();
    const writer = spawn('sh', ['-c', 'cat "$0" > "$1"', file, pipe]);
    const { code, stdout } = await commands.run('doctor', 'svc', '--user', 'root', '--password-file', pipe);
    writer.kill();
    assert.equal(code, 4, 'the service does not exist');
    assert.match(stdout, /ok +etcd/);
  });

  it('is read from a pipe that is opened for writing after the command started', async function () {
    const pipe = join(folder, 'late');
    if (spawnSync('mkfifo', [pipe]).status !== 0) this.skip();
    const command = commands.start('ls', '--user', 'root', '--password-file', pipe);
    const writer = await open(pipe, 'w'); // waits for the command
    await writer.write(password.slice(0, 3));
    await writer.write(password.slice(3));
    await writer.close();
    const { code, stderr } = await command.ended;
    assert.equal(code, 0, stderr);
  });

  it('is refused with exit code 2 for a pipe without a writer', async function () {
    const pipe = join(folder, 'silent');
    if (spawnSync('mkfifo', [pipe]).status !== 0) this.skip();
    const { code, stderr } = await commands.run('ls', '--user', 'root', '--password-file', pipe);
    assert.deepEqual(
      [code, stderr],
      [2, `etcd-naming: --password-file ${pipe} is a pipe that nothing was written to\n`],
    );
  });

  it('is read from the standard input', async () => {
    const command = commands.start('ls', '--user', 'root', '--password-file', '/dev/stdin');
    command.endInput(`${password}\n`);
    const { code, stderr } = await command.ended;
    assert.equal(code, 0, stderr);
  });

  it('is read from the output of another program in a shell', async function () {
    if (spawnSync('bash', ['-c', ':']).status !== 0) this.skip();
    const { stdout, stderr } = await commands.shell(
      `bash -c '"$0" "$1" ls --user root --password-file <(cat "$2"); echo "rc $?"' "$0" "$1" ${file}`,
    );
    assert.equal(stdout, 'rc 0\n', stderr);
  });

  it('is read again after the file was replaced, and a registration survives that', async () => {
    const args = register('e1', '--ttl', '2', '--user', 'root', '--password-file', file);
    const command = commands.start(...args, ...program);
    await command.prints('registered as svc/e1');
    await store.gateway.callAsRoot('user/changepw', { name: 'root', password: rotated });
    writeFileSync(file, rotated);
    const auth = { username: 'root', password: rotated };
    const client = new EtcdClient({ endpoints: store.etcd.endpoints, auth });
    try {
      const { kv } = await client.kv.get('svc/e1');
      await client.lease.revoke(kv?.lease ?? 0n);
      await command.prints('registered again as svc/e1');
    } finally {
      await client.close();
    }
    command.kill('SIGTERM');
    await command.ended;
  });

  it('is not printed when the file does not contain a password', async () => {
    const empty = join(folder, 'empty');
    const binary = join(folder, 'binary');
    writeFileSync(empty, '\n');
    writeFileSync(binary, Buffer.concat([Buffer.from(password), Buffer.of(0xff)]));
    const user = ['--user', 'root'];
    for (const [args, text] of [
      [[...user, '--password-file', join(folder, 'none')], /password-file .*none cannot be read: ENOENT/],
      [[...user, '--password-file', folder], /cannot be read: EISDIR/],
      [[...user, '--password-file', empty], /is empty/],
      [[...user, '--password-file', binary], /is not UTF-8/],
      [[...user, '--password-file', '/dev/zero'], /has more than 65536 bytes/],
      [['--password-file', file], /requires a user/],
      [[...user, '--password', 'x', '--password-file', file], /exclude each other/],
      [['--user', 'root:x', '--password-file', file], /exclude each other/],
    ] as const) {
      const { code, stdout, stderr } = await commands.run('ls', ...args, '--debug');
      assert.equal(code, 2, stderr);
      assert.match(stderr, text);
      assert.ok(!`${stdout}${stderr}`.includes(password), 'the password is printed');
    }
  });

  for (const [how, env, options] of [
    ['in variables', { ETCDCTL_USER: 'root', ETCDCTL_PASSWORD: rotated }, []],
    ['with the user’s name', { ETCDCTL_USER: `root:${rotated}` }, []],
    ['as a flag', {}, ['--user', 'root', '--password', rotated]],
    ['in a file', {}, ['--user', 'root', '--password-file']],
  ] as const) {
    it(`is hidden from a program run with --clean-env when it is given ${how}`, async function () {
      if (process.platform !== 'linux') this.skip();
      writeFileSync(file, rotated);
      const args = [...options, ...(how === 'in a file' ? [file] : [])];
      const all = { ETCDCTL_ENDPOINTS: store.etcd.endpoints.join(','), SOMETHING_ELSE: 'inherited', ...env };
      const command = commands.startWith(
        all,
        ...register(how, '--clean-env', '--debug', ...args),
        ...program,
      );
      await command.prints(`registered as svc/${how}`);
      await command.prints('end of output');
      command.kill('SIGTERM');
      const { stdout, stderr } = await command.ended;
      assert.ok(!`${stdout}${stderr}`.includes(rotated), 'the password is printed');
      assert.doesNotMatch(stdout, /ETCDCTL_/);
      assert.match(stdout, /"SOMETHING_ELSE":"inherited"/);
    });
  }

  it('is inherited without --clean-env, for a program that connects with the same variables', async () => {
    const env = { ETCDCTL_ENDPOINTS: store.etcd.endpoints.join(','), ETCDCTL_USER: `root:${rotated}` };
    const check = `process.exit(process.env.ETCDCTL_USER?.length === ${env.ETCDCTL_USER.length} ? 7 : 8)`;
    const command = commands.startWith(env, ...register('e2'), '--', process.execPath, '-e', check);
    assert.equal((await command.ended).code, 7);
  });
});
