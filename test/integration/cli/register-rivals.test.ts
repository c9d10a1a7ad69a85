import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { EtcdClient } from '#src/client/index.js';
import { freePorts } from '#src/testing/ports.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { type Command, Commands } from './support.js';

/** A server that ends with 98 when it cannot have its port, as most do. */
const server = `
  require('node:net').createServer(() => {})
    .listen(Number(process.argv[1]), '127.0.0.1', () => console.log('serving, pid', process.pid))
    .on('error', (error) => { console.log(error.code); process.exit(98); });
  process.stdin.resume().once('end', () => process.exit(0));
`;

describe('etcd-naming register, of an address that another process has', () => {
  const etcd = useEtcd();
  const commands = new Commands(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
  let client: EtcdClient;
  let target: string;
  let addr: string;
  let port: number;
  let round = 0;
  let answering: Server;

  beforeEach(async () => {
    client = new EtcdClient({ endpoints: etcd().endpoints });
    target = `${etcd().prefix}rivals-${++round}`;
    [port = 0] = await freePorts(1);
    addr = `127.0.0.1:${port}`;
    answering = createServer(() => {}).listen(0, '127.0.0.1');
    await once(answering, 'listening');
  });

  afterEach(async () => {
    answering.close();
    await client.close();
  });

  const record = async () => (await client.kv.get(`${target}/e1`)).kv;
  const start = (...options: string[]) =>
    commands.start(
      ...['register', target, '--addr', addr, '--id', 'e1', '--propagate', '20ms', ...options],
      ...['--', process.execPath, '-e', server, String(port)],
    );
  const registered = (command: Command) => command.prints(`registered as ${target}/e1`);
  /** An address that answers, and is not the program's: a proxy's, say, or that of a rival that starts at the same moment. */
  const elsewhere = () => {
    const address = answering.address();
    return `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  };

  async function startFirst(...options: string[]): Promise<Command> {
    const first = start(...options);
    await registered(first);
    return first;
  }

  it('runs nothing while something answers at the address already, and leaves the record alone', async () => {
    await startFirst();
    const before = await record();
    const { code, stdout, stderr } = await start().ended;
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.ok(stderr.includes(`something accepts connections at ${addr} already`), stderr);
    assert.deepEqual(await record(), before);
  });

  it('neither takes over nor deletes the record of the one that serves, when its own server cannot bind', async () => {
    await startFirst();
    const before = await record();
    const { code, stdout } = await start('--no-ready-check').ended;
    assert.match(stdout, /EADDRINUSE/);
    assert.equal(code, 98);
    assert.deepEqual(await record(), before, 'not even written again');
  });

  it('leaves the record to the one that serves when two start at the same moment', async () => {
    const both = [start(), start()];
    const loser = await Promise.race(both.map(async (one) => one.ended.then(() => one)));
    const [winner] = both.filter((one) => one !== loser);
    assert.ok(
      [1, 98].includes((await loser.ended).code ?? 0),
      'it was refused, or its server could not bind',
    );
    await winner?.prints(/registered (again )?as/);
    await eventually('its record stands', async () => (await record()) !== undefined);
    assert.ok(!winner?.over);
  });

  it('waits while the record’s owner lives, then asks the address again and registers', async () => {
    const first = await startFirst('--ttl', '3');
    const before = await record();
    // The program lives, does not serve, and something answers: as when two start at the same moment.
    const second = commands.start(
      ...['register', target, '--addr', addr, '--id', 'e1', '--no-ready-check'],
      ...['--', 'sh', '-c', 'read line'],
    );
    await second.prints(`another process keeps the record ${target}/e1 of this address`);
    assert.deepEqual(await record(), before);
    first.kill('SIGTERM');
    await first.ended;
    await registered(second);
    assert.notEqual((await record())?.lease, before?.lease);
  });

  it('takes over the record of one that crashed before its lease ends, so that callers see no gap', async () => {
    const first = await startFirst('--ttl', '6');
    const before = await record();
    const [, pid = ''] = /pid (\d+)/.exec(first.stdout) ?? [];
    const seen: string[] = [];
    const watcher = client.watch(`${target}/e1`);
    await watcher.ready;
    first.kill('SIGKILL');
    process.kill(Number(pid), 'SIGKILL');
    await first.ended;
    await registered(start());
    for await (const { events } of watcher) {
      seen.push(...events.map(({ type }) => type));
      break;
    }
    assert.deepEqual(seen, ['put'], 'written over, never deleted');
    assert.notEqual((await record())?.lease, before?.lease);
  });

  it('ends at once with --on-conflict fail, and takes it all the same with takeover', async () => {
    await startFirst('--ttl', '3');
    const before = await record();
    const { code, stderr } = await start(
      '--on-conflict',
      'fail',
      '--ready-addr',
      elsewhere(),
      '--no-ready-check',
    ).ended;
    assert.equal(code, 2, 'whom to ask, and not to ask');
    assert.match(stderr, /--no-ready-check asks none/);
    const program = ['--', 'sh', '-c', 'read line'];
    const words = ['register', target, '--addr', addr, '--id', 'e1', '--no-ready-check', '--on-conflict'];
    const failed = await commands.start(...words, 'fail', ...program).ended;
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /another process keeps the record .*; the program is ended/);
    assert.deepEqual(await record(), before);
    await registered(commands.start(...words, 'takeover', ...program));
    await eventually('it is taken over', async () => (await record())?.lease !== before?.lease);
  });
});
