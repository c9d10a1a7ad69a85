import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { EtcdClient, LeaseNotFoundError, register } from '@org/etcd-naming';
import { readerOf, untilBatched } from '../../support/batched-reads.js';
import { deadEndpoint } from '../../support/dead-endpoint.js';
import { useEtcd } from '../../support/etcd.js';
import { parentOf, useOtel } from './use-otel.js';

describe('the spans of calls', () => {
  const etcd = useEtcd();
  const otel = useOtel();
  let client: EtcdClient;

  beforeEach(() => {
    client = new EtcdClient({ endpoints: etcd().endpoints, name: 'observed' });
  });
  afterEach(() => client.close());

  it('follow the conventions for gRPC', async () => {
    const { revision } = await client.kv.put('services/a/1', 'value');
    const [span] = otel().spans();
    assert.ok(span);
    const { hostname, port } = new URL(`http://${etcd().endpoints[0]}`);
    assert.equal(span.name, 'etcdserverpb.KV/Put');
    assert.equal(span.kind, SpanKind.CLIENT);
    assert.equal(span.status.code, SpanStatusCode.UNSET);
    const { 'rpc.request.size': request, 'rpc.response.size': response, ...others } = span.attributes;
    assert.deepEqual(others, {
      'rpc.system.name': 'grpc',
      'rpc.method': 'etcdserverpb.KV/Put',
      'rpc.response.status_code': 'OK',
      'server.address': hostname,
      'server.port': Number(port),
      'etcd_naming.client': 'observed',
      'etcd_naming.key_prefixes': ['services/a/'],
      'etcd_naming.revision': String(revision),
    });
    assert.ok(Number(request) > 0 && Number(response) > 0);
    assert.deepEqual(
      span.events.map(({ name, attributes }) => [name, attributes?.['etcd_naming.attempt.number']]),
      [['etcd_naming.attempt', 1]],
    );
  });

  it('have the scope with the version of the package', async () => {
    await client.kv.put('a', '');
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const { name, schemaUrl, version: own } = otel().spans()[0]!.instrumentationScope;
    assert.deepEqual([name, own], ['@org/etcd-naming', version]);
    assert.match(schemaUrl!, /^https:\/\/opentelemetry\.io\/schemas\//);
  });

  it('have the times of the call', async () => {
    const before = Date.now();
    await client.kv.put('a', 'value');
    const after = Date.now();
    const [span] = otel().spans();
    const ms = ([seconds, nanos]: [number, number]) => seconds * 1_000 + nanos / 1e6;
    assert.ok(span && ms(span.startTime) >= before - 1 && ms(span.endTime) <= after + 1);
    assert.ok(ms(span.duration) > 0);
    const [event] = span.events;
    assert.ok(event && ms(event.time) >= ms(span.startTime) && ms(event.time) <= ms(span.endTime));
  });

  it('of failed calls have the status, the verdict and the reason of etcd, without a text', async () => {
    await assert.rejects(client.kv.put('secret/key', 'value', { lease: 12_345n }), LeaseNotFoundError);
    const [span] = otel().spans();
    assert.ok(span);
    assert.deepEqual(span.status, { code: SpanStatusCode.ERROR });
    assert.equal(span.attributes['rpc.response.status_code'], 'NOT_FOUND');
    assert.equal(span.attributes['error.type'], 'NOT_FOUND');
    assert.equal(span.attributes['etcd_naming.verdict'], 'final');
    assert.equal(span.events[0]?.attributes?.['etcd_naming.attempt.reason'], 'LeaseNotFound');
    assert.equal(span.attributes['etcd_naming.revision'], undefined);
    assert.doesNotMatch(JSON.stringify([span.attributes, span.events, span.status]), /secret\/key|12345/);
  });

  const outcomes = () =>
    otel()
      .spans()
      .map(({ attributes, status }) => [
        attributes['rpc.response.status_code'],
        attributes['error.type'],
        status.code === SpanStatusCode.ERROR,
      ]);

  it('of calls that reach no member have the server and each attempt to reach it', async () => {
    const dead = await deadEndpoint();
    await using unreachable = new EtcdClient({ endpoints: [dead], name: 'unreachable', timeoutMs: 300 });
    await assert.rejects(unreachable.kv.put('a', ''));
    const [span] = otel().spans();
    const { hostname, port } = new URL(`http://${dead}`);
    assert.equal(span?.attributes['server.address'], hostname);
    assert.equal(span.attributes['server.port'], Number(port));
    assert.ok(span.events.length > 0);
    for (const { attributes } of span.events) {
      assert.equal(attributes?.['etcd_naming.attempt.sent'], false);
      assert.equal(attributes['error.type'], 'UNAVAILABLE');
    }
  });

  it('of aborted calls are CANCELLED, and errors only after a time limit', async () => {
    await assert.rejects(client.kv.put('a', '', { signal: AbortSignal.abort() }), { name: 'AbortError' });
    const late = AbortSignal.abort(new DOMException('too late', 'TimeoutError'));
    await assert.rejects(client.kv.put('a', '', { signal: late }), { name: 'TimeoutError' });
    assert.deepEqual(outcomes(), [
      ['CANCELLED', undefined, false],
      ['CANCELLED', 'TimeoutError', true],
    ]);
    assert.deepEqual(otel().spans()[0]?.events, []);
  });

  it('of what the library or a reader ends early are not errors', async () => {
    const [endpoint] = etcd().endpoints as [string];
    for (let i = 0; i < 40; i++) await client.kv.put(`streamed/${i}`, Buffer.alloc(100_000));
    for await (const _ of client.maintenance.snapshot(endpoint)) break;
    for await (const _ of client.kv.stream({ prefix: 'streamed/' }, { pageSize: 5 })) break;
    const registration = await register(client, { target: 'services/outcomes', addr: '10.0.0.1:80' });
    for (let weight = 1; weight <= 20; weight++) await registration.update({ metadata: { weight } });
    await registration.close();
    for (let i = 0; i < 10; i++) await client.withLock('lock', async () => {});
    for await (const _ of client.election.campaign('election', 'value')) break;
    const types = otel()
      .spans()
      .flatMap(({ attributes, events }) => [attributes, ...events.map((event) => event.attributes ?? {})])
      .map((attributes) => attributes['error.type']);
    assert.deepEqual([...new Set(types)], [undefined]);
    assert.ok(outcomes().some(([status]) => status === 'CANCELLED'));
    assert.ok(outcomes().every(([, , isError]) => !isError));
    assert.equal(client.metrics().calls.failures, 0);
  });

  it('of batched reads are one each, with the number of reads', async () => {
    await untilBatched(etcd(), readerOf(client.kv));
    await otel().inSpan('request', () => Promise.all(['a', 'b', 'c'].map((key) => client.kv.get(key))));
    const request = otel().spans().at(-1);
    const reads = otel()
      .spans()
      .filter((span) => parentOf(span) === request?.spanContext().spanId);
    assert.deepEqual(
      reads.map(({ name, events }) => [name, events[0]?.attributes?.['etcd_naming.attempt.reads']]),
      Array.from({ length: 3 }, () => ['etcdserverpb.KV/Range', 3]),
    );
  });

  it('are children of the span that is active where the call is made', async () => {
    const works = ['x', 'y', 'z'].map((name) =>
      otel().inSpan(name, async (span) => {
        await client.kv.get('shared');
        await client.kv.put(name, '');
        return span.spanContext().spanId;
      }),
    );
    const ids = await Promise.all(works);
    const parents = otel()
      .spans()
      .filter(({ kind }) => kind === SpanKind.CLIENT)
      .map(parentOf);
    assert.deepEqual(parents.sort(), [...ids, ...ids].sort());
  });

  it('are not recorded for watches', async () => {
    const watch = client.watch('a');
    await watch.ready;
    await client.kv.put('a', '1');
    for await (const _ of watch) break;
    // A watcher reads a key of its range when it starts.
    const names = new Set(
      otel()
        .spans()
        .map(({ name }) => name),
    );
    assert.deepEqual([...names].sort(), ['etcdserverpb.KV/Put', 'etcdserverpb.KV/Range']);
  });

  it('end with the instrumentation', async () => {
    otel().instrumentation.disable();
    otel().instrumentation.disable();
    await client.kv.put('a', 'value');
    assert.deepEqual(otel().spans(), []);
  });
});
