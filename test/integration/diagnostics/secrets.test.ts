import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { Client, credentials } from '@grpc/grpc-js';
import { EtcdClient, type EtcdClientOptions } from '#src/client/index.js';
import { compare, op } from '#src/kv/index.js';
import { channelTarget, registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager, register, ServiceDirectory } from '#src/naming/index.js';
import { EndpointPicker } from '#src/naming/picker/index.js';
import { registerSecret, secretOf } from '../../support/canary.js';
import { assertClean } from '../../support/clean.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { Observed } from '../../support/observed.js';
import { useOtel } from '../otel/use-otel.js';

const value = (of: string) => secretOf(`value of ${of}`);
const rootPassword = secretOf('password of root');
const target = 'payments';

/** Calls that write, compare and read values, and calls that fail. */
async function callKv({ kv, auth }: EtcdClient): Promise<void> {
  await kv.put('a', value('put'));
  await kv.put('a', value('second put'), { prevKv: true });
  await Promise.all(['a', 'b', 'c'].map((key) => kv.get(key)));
  await kv.range({ prefix: '' });
  await kv.txn({
    compare: [compare.value('a', '=', value('compare'))],
    success: [op.put('a', value('success'))],
    failure: [
      op.put('b', value('failure'), { prevKv: true }),
      op.get('a'),
      op.txn({ success: [op.delete('c')] }),
    ],
  });
  await kv.update('b', () => value('update'));
  await kv.delete('b', { prevKv: true });
  await assert.rejects(kv.put('a', value('refused put'), { lease: 12_345n }));
  await assert.rejects(kv.put('a', value('large put').repeat(100_000)));
  await auth.users.add('alice', { password: secretOf('password of alice') });
  await auth.users.changePassword('alice', secretOf('new password of alice'));
  await assert.rejects(auth.users.changePassword('bob', secretOf('password of bob')));
}

/** A call through the resolver; nothing listens at its address. */
async function callThrough(client: EtcdClient): Promise<void> {
  using _ = registerEtcdResolver(client);
  const channel = channelTarget(target);
  const grpc = new Client(channel.target, credentials.createInsecure(), channel.options);
  const same = (bytes: Buffer) => bytes;
  try {
    await new Promise<void>((resolve) => {
      const deadline = { deadline: Date.now() + 2_000 };
      grpc.makeUnaryRequest('/a.Service/Call', same, same, Buffer.alloc(0), deadline, () => resolve());
    });
  } finally {
    grpc.close();
  }
}

/** What a process prints with NODE_DEBUG that writes the value in each way; it takes the options and the value from stdin. */
const program = `
  import { text } from 'node:stream/consumers';
  import { EtcdClient, op, register } from '@org/etcd-naming';
  const { options, value } = JSON.parse(await text(process.stdin));
  const client = new EtcdClient(options);
  await client.kv.put('a', value, { prevKv: true });
  await client.kv.txn({ success: [op.put('a', value), op.get('a')] });
  await client.kv.put('a', value, { lease: 12345n }).catch(() => {});
  await client.auth.users.add('carol', { password: value });
  const metadata = { value };
  const registration = await register(client, { target: 't', addr: '127.0.0.1:1', metadata });
  await client.withLock('jobs', (lock) => client.kv.put(lock.key, value));
  for await (const term of client.election.campaign('leader', value)) break;
  for await (const update of client.mirror({ prefix: '' })) break;
  await registration.close();
  await client.close();
  const refused = new EtcdClient({ ...options, auth: { ...options.auth, password: value } });
  await refused.kv.get('a').catch(() => {});
  await refused.close();
  process.stdout.write('done');`;

describe('no value, password, token or key appears in', () => {
  const etcd = useEtcd({
    tls: { clientCertificates: true },
    auth: { rootPassword },
  });
  const otel = useOtel({ keys: 'full' });
  let observed: Observed;
  let clients: EtcdClient[] = [];

  before(() => registerSecret(etcd().clientOptions.tls?.key ?? ''));
  beforeEach(() => {
    observed = new Observed();
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    clients = [];
    observed[Symbol.dispose]();
  });

  function connect(options: Partial<EtcdClientOptions> = {}): EtcdClient {
    const metrics = { histograms: true };
    const client = new EtcdClient({ ...etcd().clientOptions, logger: observed.logger, metrics, ...options });
    clients.push(client);
    return client;
  }

  /** Fails if a message, a line of the log, a span or a metric of OpenTelemetry shows a secret. */
  async function assertAllClean(): Promise<void> {
    observed.assertClean();
    const spans = otel().spans();
    assert.ok(spans.length > 0, 'no span was recorded');
    for (const { name, attributes, events, status, resource } of spans)
      assertClean(`the span ${name}`, { name, attributes, events, status, resource: resource.attributes });
    const metrics = await otel().metrics();
    assert.ok(metrics.size > 0, 'no metric was recorded');
    for (const [name, { descriptor, dataPoints }] of metrics) assertClean(name, { descriptor, dataPoints });
  }

  /** Also a channel on which nothing is published would be clean. */
  function assertPublished(...names: readonly string[]): void {
    const counts = observed.counts();
    assert.deepEqual(
      names.filter((name) => !counts.has(name)),
      [],
      'nothing was published on them',
    );
  }

  it('the channels, the log and the metrics of a client that uses everything through a restart of etcd', async () => {
    const client = connect();
    const watcher = client.watch({ prefix: '' }, { prevKv: true });
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { events } of watcher) for (const { kv } of events) seen.push(kv.value.toString());
    })().catch(() => {});
    await watcher.ready;
    await callKv(client);
    const mirrored = client.mirror({ prefix: '' })[Symbol.asyncIterator]();
    await mirrored.next();
    const lock = await client.lock('jobs');
    assert.equal(await client.tryLock('jobs'), undefined);
    await client.kv.put(lock.key, value('lock'));
    const terms = client.election.campaign('leader', value('proposal'))[Symbol.asyncIterator]();
    const { value: term } = await terms.next();
    await term?.proclaim(value('second proposal'));
    const metadata = { password: value('metadata') };
    const registration = await register(client, { target, addr: '127.0.0.1:1', metadata });
    await registration.update({ metadata: { password: value('updated metadata') } });
    const manager = new EndpointManager(client, target);
    const endpoint = { addr: '127.0.0.1:2', metadata };
    await manager.update([{ op: 'add', key: `${target}/other`, endpoint }]);
    await client.kv.put(`${target}/invalid`, value('invalid record'));
    const directory = new ServiceDirectory(client);
    const picker = new EndpointPicker(directory, target);
    await picker.ready({ minEndpoints: 2 });
    await callThrough(client);

    const { connections: before } = client.metrics();
    await etcd().stop();
    // A restart may be over before the client connects in vain.
    await eventually('the member is unhealthy', async () => {
      await client.kv.get('a', { timeoutMs: 1_000 }).catch(() => {});
      return observed.counts().has('member');
    });
    await etcd().restart();
    await eventually('the client has connected again', async () => {
      await client.kv.put('a', value('put after the restart')).catch(() => {});
      return client.metrics().connections.made > before.made && seen.includes(value('put after the restart'));
    });
    const metrics = client.metrics();
    await manager.update([{ op: 'delete', key: `${target}/other` }]);
    await lock.release();
    await registration.close();
    await terms.return?.(undefined);
    await mirrored.return?.(undefined);
    picker.close();
    await directory.close();
    for (const of of ['put', 'lock', 'proposal', 'invalid record'])
      assert.ok(seen.includes(value(of)), `the value of ${of} was not written`);
    assert.ok(seen.some((text) => text.includes(value('metadata'))));
    await client.close();
    await watching;

    await assertAllClean();
    assertPublished('call:start', 'call:end', 'call:error', 'call:asyncStart', 'call:asyncEnd', 'log');
    assertPublished(
      'connection',
      'member',
      'token',
      'directory',
      'registration',
      'lock',
      'election',
      'resolver',
      'lease',
      'watch',
      'mirror',
    );
    assertClean('the metrics', metrics);
    assert.ok((metrics.callDurations?.length ?? 0) > 5);
  });

  it('the texts and the JSON of the log when a provider of tokens fails with an error of its own', async () => {
    const lines: string[] = [];
    const client = connect({
      auth: { tokenProvider: () => Promise.reject(new Error(secretOf('error of a provider'))) },
      logger: (level, message, fields) => lines.push(`${level} ${message} ${JSON.stringify(fields)}`),
    });
    await assert.rejects(client.kv.put('a', value('put')));
    assert.ok(lines.some((line) => line.includes('tokenProvider failed')));
    assertClean('the log', lines);
  });

  it('the output with NODE_DEBUG', async () => {
    const secret = value('the child process');
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      env: { ...process.env, NODE_DEBUG: 'etcd-naming' },
      timeout: 30_000,
    });
    child.stdin.end(JSON.stringify({ options: etcd().clientOptions, value: secret }));
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    assertClean('the output', `${stdout}${stderr}`);
    assert.equal(stdout, 'done');
    for (const line of [
      / call: etcd-1: Put 'a'/,
      / call: etcd-1: UserAdd /,
      / registration: /,
      / token: etcd-2: /,
    ])
      assert.match(stderr, line);
  });

  it('what a client with wrong secrets shows', async () => {
    const password = secretOf('wrong password');
    const { endpoints, tls } = etcd().clientOptions;
    const wrong: readonly Partial<EtcdClientOptions>[] = [
      { auth: { username: 'root', password } },
      { auth: { username: 'mallory', password } },
      { auth: { username: 'root', password: async () => password } },
      { auth: { tokenProvider: () => secretOf('wrong token') } },
      { auth: { tokenProvider: () => `${secretOf('wrong token')}\n${secretOf('second line')}` } },
      { endpoints: [`https://root:${password}@${endpoints[0]}`] },
      { tls: { ...tls, key: `${tls?.key}\n`.replace('END', 'FIN') } },
    ];
    const made = wrong.flatMap((options) => {
      try {
        return [connect({ timeoutMs: 1_000, ...options })];
      } catch (error) {
        assertClean('the error of the constructor', error);
        return [];
      }
    });
    assert.equal(made.length, wrong.length - 2);
    for (const client of made) {
      const error = await client.kv.put('a', value('put')).then(
        () => assert.fail('it was applied'),
        (reason: unknown) => reason,
      );
      assertClean('an error', error);
      assertClean('the metrics', client.metrics());
    }
    await assertAllClean();
    assertPublished('call:error', 'token', 'log');
  });
});
