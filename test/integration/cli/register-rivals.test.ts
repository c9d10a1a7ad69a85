import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { EtcdClient } from '#src/client/index.js';
import { freePorts } from '#src/testing/ports.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { type CommandProcess, CommandRunner } from './support.js';

/** A server that exits with 98 if its port is taken. */
const server = `
  require('node:net').createServer(() => {})
    .listen(Number(process.argv[1]), '127.0.0.1', () => console.log('serving, pid', process.pid))
    .on('error', (error) => { console.log(error.code); process.exit(98); });
  process.stdin.resume().once('end', () => process.exit(0));
`;

describe('etcd-naming register for an address of another process', () => {
  const etcd = useEtcd();
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
  let client: EtcdClient;
  let target: string;
  let addr: string;
  let port: number;
  let round = 0;
  let otherListener: Server;

  beforeEach(async () => {
    client = new EtcdClient({ endpoints: etcd().endpoints });
    target = `${etcd().prefix}rivals-${++round}`;
    [port = 0] = await freePorts(1);
    addr = `127.0.0.1:${port}`;
    otherListener = createServer(() => {}).listen(0, '127.0.0.1');
    await once(otherListener, 'listening');
  });

  afterEach(async () => {
    otherListener.close();
    await client.close();
  });

  const record = async () => (await client.kv.get(`${target}/e1`)).kv;
  const start = (...options: string[]) =>
    commands.start(
      ...['register', target, '--addr', addr, '--id', 'e1', '--propagate', '20ms', ...options],
      ...['--', process.execPath, '-e', server, String(port)],
    );
  const registered = (command: CommandProcess) => command.prints(`registered as ${target}/e1`);
  /** An address of another listener, for example a proxy or a rival that starts at the same time. */
  const otherAddr = () => {
    const address = otherListener.address();
    return `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  };

  async function startFirst(...options: string[]): Promise<CommandProcess> {
    const first = start(...options);
    await registered(first);
    return first;
  }

  it('does not start the program if the address accepts connections, and keeps the record', async () => {
    await startFirst();
    const before = await record();
    const { code, stdout, stderr } = await start().ended;
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.ok(stderr.includes(`another process already accepts connections at ${addr}`), stderr);
    assert.deepEqual(await record(), before);
  });

  it('keeps the record of the serving process if the new program cannot bind the port', async () => {
    await startFirst();
    const before = await record();
    const { code, stdout } = await start('--no-ready-check').ended;
    assert.match(stdout, /EADDRINUSE/);
    assert.equal(code, 98);
    assert.deepEqual(await record(), before, 'the record is not written again');
  });

  it('leaves the record to the serving process when two commands start at the same time', async () => {
    const both = [start(), start()];
    const loser = await Promise.race(both.map(async (one) => one.ended.then(() => one)));
    const [winner] = both.filter((one) => one !== loser);
    assert.ok(
      [1, 98].includes((await loser.ended).code ?? 0),
      'it was not started, or its server could not bind',
    );
    await winner?.prints(/registered (again )?as/);
    await eventually('the record is stored', async () => (await record()) !== undefined);
    assert.ok(!winner?.hasEnded);
  });

  it('waits while the owner of the record runs, then registers', async () => {
    const first = await startFirst('--ttl', '3');
    const before = await record();
    // The program runs and does not listen, while the rival does, as when two start at the same time.
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

  it('takes over the record of a crashed process before its lease expires, so that callers see no gap', async () => {
    const first = await startFirst('--ttl', '6');
    const before = await record();
    const [, pid = ''] = /pid (\d+)/.exec(first.stdout) ?? [];
    const types: string[] = [];
    const watcher = client.watch(`${target}/e1`);
    await watcher.ready;
    first.kill('SIGKILL');
    process.kill(Number(pid), 'SIGKILL');
    await first.ended;
    await registered(start());
    for await (const { events } of watcher) {
      types.push(...events.map(({ type }) => type));
      break;
    }
    assert.deepEqual(types, ['put'], 'the record is overwritten and not deleted');
    assert.notEqual((await record())?.lease, before?.lease);
  });

  it('exits immediately with --on-conflict fail, and takes the record over with takeover', async () => {
    await startFirst('--ttl', '3');
    const before = await record();
    const { code, stderr } = await start(
      '--on-conflict',
      'fail',
      '--ready-addr',
      otherAddr(),
      '--no-ready-check',
    ).ended;
    assert.equal(code, 2);
    assert.match(stderr, /--ready-addr and --no-ready-check exclude each other/);
    const program = ['--', 'sh', '-c', 'read line'];
    const args = ['register', target, '--addr', addr, '--id', 'e1', '--no-ready-check', '--on-conflict'];
    const failed = await commands.start(...args, 'fail', ...program).ended;
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /another process keeps the record .*; the program is terminated/);
    assert.deepEqual(await record(), before);
    await registered(commands.start(...args, 'takeover', ...program));
    await eventually('the record is taken over', async () => (await record())?.lease !== before?.lease);
  });
});
