import assert from 'node:assert/strict';
import { EtcdClient, register } from '@org/etcd-naming';
import { type FaultProxy, startFaultProxy } from '#src/testing/index.js';
import { secretOf } from '../../support/canary.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { metricValue, parentOf, transcript, useOtel } from './use-otel.js';

const client = { 'etcd_naming.client': 'observed' };

describe('the record of a put that was retried on a second member', () => {
  const etcd = useEtcd();
  const otel = useOtel();
  const proxies: FaultProxy[] = [];

  beforeEach(async () => {
    const [target = ''] = etcd().endpoints;
    for (let i = 0; i < 2; i++) proxies.push(await startFaultProxy({ target }));
  });
  afterEach(() => Promise.all(proxies.splice(0).map((proxy) => proxy.close())));

  it('is one span with an event for each attempt, and a duration with the second member', async () => {
    const endpoints = proxies.map(({ endpoint }) => endpoint);
    await using observed = new EtcdClient({ endpoints, name: 'observed' });
    await observed.kv.put('a', '1');
    const first = proxies.find(({ endpoint }) => endpoint.endsWith(`:${portOf(otel().spans()[0])}`));
    const second = proxies.find((proxy) => proxy !== first);
    assert.ok(first && second);
    first.cutAfterBytes(0, 'down');
    await observed.kv.put('a', '2', { idempotent: true });
    assert.deepEqual(transcript(otel().spans()[1]!), [
      `etcdserverpb.KV/Put on ${second.endpoint}: OK`,
      `etcd_naming.attempt 1 on ${first.endpoint}: UNAVAILABLE UNAVAILABLE`,
      `etcd_naming.attempt 2 on ${second.endpoint}: OK`,
    ]);
    const metrics = await otel().metrics();
    const durations = metricValue(metrics, 'rpc.client.call.duration', {
      ...client,
      'rpc.method': 'etcdserverpb.KV/Put',
      'rpc.response.status_code': 'OK',
      'server.port': Number(second.endpoint.split(':')[1]),
    }) as { readonly count: number; readonly buckets: { readonly boundaries: readonly number[] } };
    assert.equal(durations.count, 1);
    assert.equal(durations.buckets.boundaries[0], 0.005);
    assert.equal(metricValue(metrics, 'etcd_naming.call.attempts', client), 3);
    assert.equal(metricValue(metrics, 'etcd_naming.call.retries', client), 1);
  });
});

describe('the record of a token renewal', () => {
  const password = secretOf('user of spans');
  const etcd = useEtcd({
    auth: {
      roles: { all: [{ access: 'readwrite', prefix: '' }] },
      users: { observed: { password, roles: ['all'] } },
    },
  });
  const otel = useOtel({ keys: 'full' });

  it('is a call with two attempts and the cause of the renewal; it never contains a password or token', async function () {
    skipUnlessBreakable(this, etcd());
    const { endpoints, ...access } = etcd().clientOptionsOf('observed');
    await using observed = new EtcdClient({ endpoints, ...access, name: 'observed' });
    await observed.kv.put('a', '1');
    await etcd().restart(); // it forgets its tokens
    await observed.kv.put('a', '2', { idempotent: true });
    const outcomes = transcript(otel().spans().at(-1)!).map((line) => line.split(': ').at(-1));
    assert.equal(outcomes[0], 'OK');
    assert.ok(outcomes.includes('UNAUTHENTICATED UNAUTHENTICATED'), String(outcomes));
    const metrics = await otel().metrics();
    const renewals = (cause: string) =>
      metricValue(metrics, 'etcd_naming.token.renewals', { ...client, 'etcd_naming.cause': cause });
    assert.equal(renewals('initial'), 1);
    assert.equal(renewals('refused'), 1);
    const everything = JSON.stringify(
      otel()
        .spans()
        .map(({ attributes, events, status }) => [attributes, events, status]),
    );
    assert.ok(!everything.includes(password));
  });
});

describe('the record of a registration through a wipe', () => {
  const etcd = useEtcd();
  const otel = useOtel();

  it('has the first writes in the trace of the caller, and the later ones in traces of their own', async function () {
    skipUnlessBreakable(this, etcd());
    await using observed = new EtcdClient({ endpoints: etcd().endpoints, name: 'observed' });
    const registration = await otel().inSpan('start', () =>
      register(observed, { target: 'services/spans', addr: '10.0.0.1:80', ttlSeconds: 5 }),
    );
    const writes = () =>
      otel()
        .spans()
        .filter(({ name }) => /LeaseGrant|Txn/.test(name));
    const start = otel()
      .spans()
      .find(({ name }) => name === 'start');
    assert.deepEqual(
      writes().map((span) => [span.name, parentOf(span) === start?.spanContext().spanId]),
      [
        ['etcdserverpb.Lease/LeaseGrant', true],
        ['etcdserverpb.KV/Txn', true],
      ],
    );
    await etcd().wipe();
    await eventually('the record is stored again', async () => (await observed.kv.get(registration.key)).kv);
    const again = writes().slice(2);
    assert.deepEqual([...new Set(again.map(({ name }) => name))].sort(), [
      'etcdserverpb.KV/Txn',
      'etcdserverpb.Lease/LeaseGrant',
    ]);
    assert.deepEqual(again.map(parentOf).filter(Boolean), []);
    const metrics = await otel().metrics();
    const inState = (state: string) =>
      metricValue(metrics, 'etcd_naming.registrations', { ...client, 'etcd_naming.state': state });
    assert.equal(inState('registered'), 1);
    assert.equal(inState('registering'), 0);
    assert.equal(metricValue(metrics, 'etcd_naming.registration.stored', client), 2);
    await registration.close();
  });
});

function portOf(span: { readonly attributes: Readonly<Record<string, unknown>> } | undefined): unknown {
  return span?.attributes['server.port'];
}
