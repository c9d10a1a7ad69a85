import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { EtcdClient } from '#src/client/index.js';
import { freePorts } from '#src/testing/ports.js';
import { until } from '#src/testing/wait.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { type Command, Commands, skipWithoutScript } from './support.js';

/** A server that tells when it listens, and how it ends; its arguments: the port, the code it ends with on a signal. */
const server = `
  const [port, code] = process.argv.slice(1).map(Number);
  require('node:net').createServer(() => {}).listen(port, '127.0.0.1', () => console.log('serving, pid', process.pid));
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => {
    console.log('told', signal);
    if (code >= 0) process.exit(code);
  });
  process.stdin.once('data', (text) => process.exit(Number(text))).once('end', () => process.exit(0));
`;

describe('etcd-naming register', () => {
  const etcd = useEtcd();
  const commands = new Commands(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
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
  const words = (code: number, ...options: string[]) => [
    ...['register', target, '--addr', addr, '--id', 'e1', '--propagate', '200ms', ...options],
    ...['--', process.execPath, '-e', server, String(port), String(code)],
  ];
  const registered = (command: Command) => command.prints(`registered as ${target}/e1`);

  it('registers a program once its port answers, and while it runs', async () => {
    const command = commands.start(...words(0, '--weight', '2'));
    await registered(command);
    assert.match(command.stdout, /serving/);
    const kv = await record();
    assert.equal(kv?.value.toString(), `{"Op":0,"Addr":"${addr}","Metadata":{"weight":2}}`);
    assert.equal((await client.lease.timeToLive(kv?.lease ?? 0n))?.grantedSeconds, 10);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`on ${signal} draws callers off first, then passes it on, and ends as the program does`, async () => {
      // Long enough to look at the program while it has not been told.
      const command = commands.start(...words(7, '--propagate', '3s'));
      await registered(command);
      const seen: string[] = [];
      const watcher = client.watch(`${target}/e1`);
      await watcher.ready;
      command.kill(signal);
      for await (const { events } of watcher) {
        for (const { type, kv } of events) seen.push(type === 'put' ? kv.value.toString() : type);
        if (seen.includes('delete')) break;
      }
      assert.doesNotMatch(command.stdout, /told/, 'the program hears of it after the callers');
      const ended = await command.ended;
      assert.deepEqual([ended.code, ended.signal], [7, null]);
      assert.match(ended.stdout, new RegExp(`told ${signal}`));
      assert.equal(seen.length, 2);
      assert.match(seen[0] ?? '', /"status":"draining"/);
    });
  }

  it('on Ctrl-C at a terminal does the same: the terminal tells the command alone', async function () {
    await skipWithoutScript(this);
    // The line goes through a shell, between single quotes.
    const command = commands.startOnTerminal(...words(9).map((word) => word.replaceAll("'", '"')));
    await registered(command);
    command.type('\x03');
    await command.prints('is withdrawn');
    const { code, stdout } = await command.ended;
    assert.equal(code, 9);
    assert.ok(stdout.indexOf('told SIGINT') > stdout.indexOf('drains'), stdout);
    assert.ok(await isGone());
  });

  it('kills a program that does not end in its time', async () => {
    const command = commands.start(...words(-1, '--stop-timeout', '300ms'));
    await registered(command);
    command.kill('SIGTERM');
    const { signal, stdout, stderr } = await command.ended;
    assert.match(stdout, /told SIGTERM/);
    assert.match(stderr, /did not end within 300 ms: SIGKILL/);
    assert.equal(signal, 'SIGKILL');
    assert.ok(await isGone());
  });

  it('gives a program as long as it is told, also beyond what timers reach', async () => {
    const command = commands.start(...words(-1, '--stop-timeout', '600h'));
    await registered(command);
    command.kill('SIGTERM');
    await command.prints('told SIGTERM');
    command.type('4');
    const { code, stderr } = await command.ended;
    assert.equal(code, 4);
    assert.doesNotMatch(stderr, /SIGKILL/);
  });

  it('waits for nobody after a second signal', async () => {
    const command = commands.start(...words(3, '--propagate', '600h'));
    await registered(command);
    command.kill('SIGTERM');
    await until('marked', { timeoutMs: 10_000 }, async () => (await record())?.value.includes('draining'));
    command.kill('SIGINT');
    assert.equal((await command.ended).code, 3);
    assert.ok(await isGone());
  });

  it('deletes the record of a program that ends by itself, and passes its exit code on', async () => {
    const command = commands.start(...words(0));
    await registered(command);
    command.type('5');
    assert.equal((await command.ended).code, 5);
    assert.ok(await isGone());
  });

  it('ends by the signal that ended the program', async () => {
    const command = commands.start(...words(0));
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
    it(`ends with 128 and its number by SIG${signal}, of which Node would not die or leave its memory on disk`, async () => {
      const program = ['sh', '-c', 'ulimit -c 0; read signal; kill -s "$signal" $$'];
      const options = ['--addr', addr, '--id', 'e1', '--no-ready-check'];
      const command = commands.start('register', target, ...options, '--', ...program);
      await registered(command);
      command.type(`${signal}\n`);
      assert.equal((await command.ended).code, 128 + number);
    });
  }

  it('keeps it registered through a restart of etcd', async function () {
    skipUnlessBreakable(this, etcd());
    const command = commands.start(...words(0, '--ttl', '2'));
    await registered(command);
    await etcd().wipe();
    await command.prints(`registered again as ${target}/e1`);
    command.kill('SIGTERM');
    assert.equal((await command.ended).code, 0);
  });

  it('starts it also while etcd is away, and registers it when etcd is back', async function () {
    skipUnlessBreakable(this, etcd());
    await etcd().kill();
    const command = commands.start(...words(0));
    await command.prints('serving');
    await command.prints('cannot register yet, and goes on trying');
    await etcd().restart();
    await registered(command);
  });

  it('ends in bounded time while etcd is away, and says when the record runs out', async function () {
    skipUnlessBreakable(this, etcd());
    const command = commands.start(...words(4));
    await registered(command);
    await etcd().kill();
    try {
      command.kill('SIGTERM');
      const { code, stderr } = await command.ended;
      assert.equal(code, 4);
      assert.match(stderr, /etcd is not reached: the record .* runs out by itself, within 10 s/);
    } finally {
      await etcd().restart();
    }
  });

  it('ends a program whose port never answers, and registers nothing', async () => {
    const command = commands.start(...words(0, '--ready-addr', '127.0.0.1:1', '--ready-timeout', '300ms'));
    const { code, stdout, stderr } = await command.ended;
    assert.equal(code, 1);
    assert.match(stderr, /nothing accepted a connection at 127\.0\.0\.1:1 within 300 ms/);
    assert.match(stdout, /told SIGTERM|^$/);
    assert.ok(await isGone());
  });

  it('leaves another’s record alone, and the program ends', async () => {
    await client.kv.put(`${target}/e1`, '{"Addr":"10.9.9.9:1"}');
    const { code, stderr } = await commands.run(...words(0, '--on-conflict', 'fail'));
    assert.equal(code, 1);
    assert.match(stderr, /is another's record/);
    assert.match((await record())?.value.toString() ?? '', /10\.9\.9\.9/);
  });

  it('ends with 127 for a program that is not there, 126 for one that may not be run', async () => {
    const start = ['register', target, '--addr', addr, '--'];
    // A folder of the PATH that may not be read would make it EACCES.
    const path = { PATH: dirname(process.execPath) };
    const missing = await commands.runWith(path, ...start, 'no-such-program');
    assert.equal(missing.code, 127);
    assert.match(missing.stderr, /'no-such-program' cannot be run: spawn no-such-program ENOENT/);
    assert.equal((await commands.run(...start, '/etc/passwd')).code, 126);
    // Node throws this one where it emits the others.
    const notFolder = await commands.run(...start, '/etc/passwd/program');
    assert.equal(notFolder.code, 126);
    assert.match(notFolder.stderr, /'\/etc\/passwd\/program' cannot be run: spawn ENOTDIR/);
  });

  for (const [args, text] of [
    [['--addr', '1.2.3.4:1'], /there is no program: it follows after --/],
    [['--', 'true'], /--addr is missing/],
    [
      ['--addr', '1.2.3.4:1', '--on-conflict', 'x', '--', 'true'],
      /--on-conflict is 'x'; it must be one of wait, fail/,
    ],
    [['--addr', '1.2.3.4:1', '--propagate', 'x', '--', 'true'], /--propagate is 'x'; it must be a duration/],
  ] as const) {
    it(`refuses ${args.join(' ')} as wrong usage, and runs nothing`, async () => {
      const { code, stderr } = await commands.run('register', target, ...args);
      assert.equal(code, 2);
      assert.match(stderr, text);
    });
  }
});
