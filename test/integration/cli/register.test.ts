import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { EtcdClient } from '#src/client/index.js';
import { freePorts } from '#src/testing/ports.js';
import { until } from '#src/testing/wait.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { type CommandProcess, CommandRunner, skipWithoutScript } from './support.js';

/**
 * A server that prints when it listens and which signals it receives. Arguments: its port, and the exit code for a
 * signal.
 */
const server = `
  const [port, code] = process.argv.slice(1).map(Number);
  require('node:net').createServer(() => {}).listen(port, '127.0.0.1', () => console.log('serving, pid', process.pid));
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => {
    console.log('received', signal);
    if (code >= 0) process.exit(code);
  });
  process.stdin.once('data', (text) => process.exit(Number(text))).once('end', () => process.exit(0));
`;

describe('etcd-naming register', () => {
  const etcd = useEtcd();
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
  let client: EtcdClient;
  let target: string;
  let addr: string;
  let port: number;
  let round = 0;

  beforeEach(async () => {
    client = new EtcdClient({ endpoints: etcd().endpoints });
    target = `${etcd().prefix}register-${++round}`;
    [port = 0] = await freePorts(1);
    addr = `127.0.0.1:${port}`;
  });

  afterEach(() => client.close());

  const record = async () => (await client.kv.get(`${target}/e1`)).kv;
  const isGone = async () => (await record()) === undefined;
  const args = (code: number, ...options: string[]) => [
    ...['register', target, '--addr', addr, '--id', 'e1', '--propagate', '200ms', ...options],
    ...['--', process.execPath, '-e', server, String(port), String(code)],
  ];
  const registered = (command: CommandProcess) => command.prints(`registered as ${target}/e1`);

  it('registers a program when its port accepts connections', async () => {
    const command = commands.start(...args(0, '--weight', '2'));
    await registered(command);
    assert.match(command.stdout, /serving/);
    const kv = await record();
    assert.equal(kv?.value.toString(), `{"Op":0,"Addr":"${addr}","Metadata":{"weight":2}}`);
    assert.equal((await client.lease.timeToLive(kv?.lease ?? 0n))?.grantedSeconds, 10);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`on ${signal} drains the record, then forwards the signal, and exits as the program does`, async () => {
      // Long enough to check the program before it receives the signal.
      const command = commands.start(...args(7, '--propagate', '3s'));
      await registered(command);
      const changes: string[] = [];
      const watcher = client.watch(`${target}/e1`);
      await watcher.ready;
      command.kill(signal);
      for await (const { events } of watcher) {
        for (const { type, kv } of events) changes.push(type === 'put' ? kv.value.toString() : type);
        if (changes.includes('delete')) break;
      }
      assert.doesNotMatch(command.stdout, /received/, 'the program receives the signal after the drain');
      const ended = await command.ended;
      assert.deepEqual([ended.code, ended.signal], [7, null]);
      assert.match(ended.stdout, new RegExp(`received ${signal}`));
      assert.equal(changes.length, 2);
      assert.match(changes[0] ?? '', /"status":"draining"/);
    });
  }

  it('drains the record and forwards SIGINT on Ctrl-C: the terminal signals only the command', async function () {
    await skipWithoutScript(this);
    // The line is quoted for a shell with single quotes.
    const command = commands.startOnTerminal(...args(9).map((arg) => arg.replaceAll("'", '"')));
    await registered(command);
    command.type('\x03');
    await command.prints('withdrew the record');
    const { code, stdout } = await command.ended;
    assert.equal(code, 9);
    assert.ok(stdout.indexOf('\nreceived SIGINT') > stdout.indexOf('draining'), stdout);
    assert.ok(await isGone());
  });

  it('kills a program that does not end within the stop timeout', async () => {
    const command = commands.start(...args(-1, '--stop-timeout', '300ms'));
    await registered(command);
    command.kill('SIGTERM');
    const { signal, stdout, stderr } = await command.ended;
    assert.match(stdout, /received SIGTERM/);
    assert.match(stderr, /did not end within 300 ms; sending SIGKILL/);
    assert.equal(signal, 'SIGKILL');
    assert.ok(await isGone());
  });

  it('accepts a stop timeout longer than the longest timer', async () => {
    const command = commands.start(...args(-1, '--stop-timeout', '600h'));
    await registered(command);
    command.kill('SIGTERM');
    await command.prints(/^received SIGTERM/m);
    command.type('4');
    const { code, stderr } = await command.ended;
    assert.equal(code, 4);
    assert.doesNotMatch(stderr, /SIGKILL/);
  });

  it('does not wait for callers after a second signal', async () => {
    const command = commands.start(...args(3, '--propagate', '600h'));
    await registered(command);
    command.kill('SIGTERM');
    await until('the record is marked', { timeoutMs: 10_000 }, async () =>
      (await record())?.value.includes('draining'),
    );
    command.kill('SIGINT');
    assert.equal((await command.ended).code, 3);
    assert.ok(await isGone());
  });

  it('deletes the record of a program that ends on its own, and exits with its code', async () => {
    const command = commands.start(...args(0));
    await registered(command);
    command.type('5');
    assert.equal((await command.ended).code, 5);
    assert.ok(await isGone());
  });

  it('dies by the signal that ended the program', async () => {
    const command = commands.start(...args(0));
    await registered(command);
    const [, pid = ''] = /pid (\d+)/.exec(command.stdout) ?? [];
    process.kill(Number(pid), 'SIGKILL');
    assert.equal((await command.ended).signal, 'SIGKILL');
    assert.ok(await isGone());
  });

  for (const [signal, number] of [
    ['PIPE', 13],
    ['USR1', 10],
    ['XFSZ', 25],
    ['QUIT', 3],
    ['SEGV', 11],
  ] as const) {
    it(`exits with 128 + ${number} if SIG${signal} ended the program, because Node survives that signal or dumps core`, async () => {
      const program = ['sh', '-c', 'ulimit -c 0; read signal; kill -s "$signal" $$'];
      const options = ['--addr', addr, '--id', 'e1', '--no-ready-check'];
      const command = commands.start('register', target, ...options, '--', ...program);
      await registered(command);
      command.type(`${signal}\n`);
      assert.equal((await command.ended).code, 128 + number);
    });
  }

  it('registers the program again after etcd was wiped', async function () {
    skipUnlessBreakable(this, etcd());
    const command = commands.start(...args(0, '--ttl', '2'));
    await registered(command);
    await etcd().wipe();
    await command.prints(`registered again as ${target}/e1`);
    command.kill('SIGTERM');
    assert.equal((await command.ended).code, 0);
  });

  it('starts the program while etcd is away, and registers it when etcd returns', async function () {
    skipUnlessBreakable(this, etcd());
    await etcd().kill();
    const command = commands.start(...args(0));
    await command.prints('serving');
    await command.prints('cannot register yet; retrying');
    await etcd().restart();
    await registered(command);
  });

  it('ends in bounded time while etcd is away, and prints when the record expires', async function () {
    skipUnlessBreakable(this, etcd());
    const command = commands.start(...args(4));
    await registered(command);
    await etcd().kill();
    try {
      command.kill('SIGTERM');
      const { code, stderr } = await command.ended;
      assert.equal(code, 4);
      assert.match(stderr, /etcd is unreachable; the record .* expires with its lease, within 10 s/);
    } finally {
      await etcd().restart();
    }
  });

  it('terminates a program whose port accepts no connection, and registers nothing', async () => {
    const command = commands.start(...args(0, '--ready-addr', '127.0.0.1:1', '--ready-timeout', '300ms'));
    const { code, stdout, stderr } = await command.ended;
    assert.equal(code, 1);
    assert.match(stderr, /127\.0\.0\.1:1 accepted no connection within 300 ms/);
    assert.match(stdout, /received SIGTERM|^$/);
    assert.ok(await isGone());
  });

  it('keeps another owner’s record with --on-conflict fail, and terminates the program', async () => {
    await client.kv.put(`${target}/e1`, '{"Addr":"10.9.9.9:1"}');
    const { code, stderr } = await commands.run(...args(0, '--on-conflict', 'fail'));
    assert.equal(code, 1);
    assert.match(stderr, /belongs to another registration/);
    assert.match((await record())?.value.toString() ?? '', /10\.9\.9\.9/);
  });

  it('exits with 127 for a missing program, and with 126 for one that is not executable', async () => {
    const start = ['register', target, '--addr', addr, '--'];
    // An unreadable folder in PATH would change the error to EACCES.
    const path = { PATH: dirname(process.execPath) };
    const missing = await commands.runWith(path, ...start, 'no-such-program');
    assert.equal(missing.code, 127);
    assert.match(missing.stderr, /cannot run 'no-such-program': spawn no-such-program ENOENT/);
    assert.equal((await commands.run(...start, '/etc/passwd')).code, 126);
    // spawn() throws this error and emits the others.
    const notFolder = await commands.run(...start, '/etc/passwd/program');
    assert.equal(notFolder.code, 126);
    assert.match(notFolder.stderr, /cannot run '\/etc\/passwd\/program': spawn ENOTDIR/);
  });

  for (const [args, text] of [
    [['--addr', '1.2.3.4:1'], /the program is missing; write it after --/],
    [['--', 'true'], /--addr is missing/],
    [
      ['--addr', '1.2.3.4:1', '--on-conflict', 'x', '--', 'true'],
      /--on-conflict is 'x'; it must be one of wait, fail/,
    ],
    [['--addr', '1.2.3.4:1', '--propagate', 'x', '--', 'true'], /--propagate is 'x'; it must be a duration/],
  ] as const) {
    it(`rejects ${args.join(' ')} as wrong usage, and does not start the program`, async () => {
      const { code, stderr } = await commands.run('register', target, ...args);
      assert.equal(code, 2);
      assert.match(stderr, text);
    });
  }
});
