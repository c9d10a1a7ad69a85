import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type CallTrace, diagnosticsChannels } from '#src/diagnostics/index.js';
import { ClosedError, Code, EtcdError } from '#src/errors/index.js';
import { useEtcd } from '../../support/etcd.js';
import { fillKeys, folderOf, useClients } from '../client/support.js';
import { RangeStreamServer } from '../kv/range-stream-server.js';

const name = 'streams-traced';

describe('the trace of a stream with an end', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const { connect } = useClients();
  let calls: CallTrace[] = [];
  const handlers = {
    asyncEnd: (call: CallTrace) => {
      if (call.client === name) calls.push(call);
    },
  };
  let server: RangeStreamServer;
  let folder = '';

  before(async () => {
    const filler = connect(etcd().endpoints);
    folder = folderOf(etcd());
    await fillKeys(filler, folder, 5_000);
  });

  beforeEach(async () => {
    calls = [];
    diagnosticsChannels.call.subscribe(handlers);
    server = await new RangeStreamServer(connect(etcd().endpoints).kv).start();
  });

  afterEach(async () => {
    diagnosticsChannels.call.unsubscribe(handlers);
    await server.close();
  });

  const onlyStream = (): CallTrace => {
    const streams = calls.filter(({ method }) => method === 'RangeStream');
    assert.equal(streams.length, 1);
    return streams[0]!;
  };

  it('is one call with one attempt for a RangeStream, with the bytes of all chunks', async () => {
    const client = connect([server.endpoint], { name });
    let bytes = 0;
    for await (const { kvs } of client.namespace(folder).kv.stream({ prefix: '' }))
      for (const { key, value } of kvs) bytes += folder.length + key.length + value.length;
    const { ranges, attempts, error, requestBytes, responseBytes, revision, durationMs } = onlyStream();
    assert.ok(ranges[0]?.key.startsWith(folder));
    assert.deepEqual(
      attempts.map(({ endpoint, error: failure, durationMs: ms }) => [endpoint, failure, ms !== undefined]),
      [[server.endpoint, undefined, true]],
    );
    assert.equal(error, undefined);
    assert.ok(requestBytes > folder.length && durationMs !== undefined && revision !== undefined);
    const paged = calls.filter(({ method }) => method === 'Range');
    const received = paged.reduce((sum, call) => sum + call.responseBytes, responseBytes);
    assert.ok(received > bytes && received < bytes * 3, `${received} for ${bytes}`);
  });

  it('has the code CANCELLED if the reader leaves it, and the reason of the signal or the client otherwise', async () => {
    const client = connect([server.endpoint], { name });
    const controller = new AbortController();
    const read = async (after: () => unknown) => {
      let batches = 0;
      for await (const _ of client.kv.stream({ prefix: folder }, { signal: controller.signal }))
        if (++batches === 3 && after() === 'leave') return;
    };
    await read(() => 'leave');
    const { error: left, outcome } = onlyStream();
    assert.ok(left instanceof EtcdError && left.code === Code.CANCELLED);
    assert.equal(outcome, 'cancelled');
    calls = [];
    await assert.rejects(
      read(() => controller.abort('enough')),
      (error) => error === 'enough',
    );
    assert.deepEqual([onlyStream().error, onlyStream().outcome], ['enough', 'cancelled']);
    calls = [];
    const other = connect([server.endpoint], { name });
    let batches = 0;
    await assert.rejects(async () => {
      for await (const _ of other.kv.stream({ prefix: folder })) if (++batches === 3) void other.close();
    }, ClosedError);
    assert.ok(onlyStream().error instanceof ClosedError);
    assert.equal(onlyStream().outcome, 'failed');
  });

  it('is unsupported for a RangeStream that etcd does not have, whose range is read in pages', async () => {
    const client = connect(etcd().endpoints, { name });
    let keys = 0;
    for await (const { kvs } of client.kv.stream({ prefix: folder })) keys += kvs.length;
    assert.equal(keys, 5_000);
    const { outcome, error } = onlyStream();
    if (Number(etcd().version.split('.')[1]) >= 7) assert.deepEqual([outcome, error], ['ok', undefined]);
    else {
      assert.equal(outcome, 'unsupported');
      assert.ok(error instanceof EtcdError && error.code === Code.UNIMPLEMENTED);
    }
  });

  it('is one call for a snapshot, with the bytes of all parts', async () => {
    const client = connect(etcd().endpoints, { name });
    const [endpoint] = etcd().endpoints as [string];
    const snapshot = client.maintenance.snapshot(endpoint);
    for await (const part of snapshot) assert.ok(part.length > 0);
    const [call, ...others] = calls;
    assert.deepEqual(others, []);
    assert.ok(call);
    const { service, method, ranges, attempts, error, responseBytes } = call;
    assert.deepEqual(
      [service, method, ranges, error],
      ['etcdserverpb.Maintenance', 'Snapshot', [], undefined],
    );
    assert.deepEqual(
      attempts.map((attempt) => [attempt.endpoint, attempt.error]),
      [[endpoint, undefined]],
    );
    assert.ok(responseBytes >= snapshot.receivedBytes);
  });

  it('has no error for a snapshot whose parts are read after its last one has arrived', async () => {
    const client = connect(etcd().endpoints, { name });
    const [endpoint] = etcd().endpoints as [string];
    const path = join(await mkdtemp(join(tmpdir(), 'snapshot-')), 'snapshot.db');
    try {
      await client.maintenance.saveSnapshot(endpoint, path);
    } finally {
      await rm(dirname(path), { recursive: true });
    }
    const [{ attempts, outcome }] = calls as [CallTrace];
    assert.deepEqual([outcome, attempts.map(({ error }) => error)], ['ok', [undefined]]);
  });

  it('has the error of a snapshot that its reader leaves, that is aborted, or that no member sends', async () => {
    const client = connect(etcd().endpoints, { name });
    const [endpoint] = etcd().endpoints as [string];
    for await (const _ of client.maintenance.snapshot(endpoint)) break;
    const { signal } = { signal: AbortSignal.abort('enough') };
    await assert.rejects(
      async () => {
        for await (const _ of client.maintenance.snapshot(endpoint, { signal })) break;
      },
      (error) => error === 'enough',
    );
    await assert.rejects(async () => {
      for await (const _ of client.maintenance.snapshot('127.0.0.1:1')) break;
    }, EtcdError);
    const [left, aborted, unreachable] = calls.map(({ error }) => error);
    assert.deepEqual(
      calls.map(({ outcome }) => outcome),
      ['cancelled', 'cancelled', 'failed'],
    );
    assert.ok(left instanceof EtcdError && left.code === Code.CANCELLED);
    assert.equal(aborted, 'enough');
    assert.ok(unreachable instanceof EtcdError && unreachable.code === Code.UNAVAILABLE);
    assert.deepEqual(calls[2]?.attempts, []);
  });

  it('is not published for watches and the renewals of leases', async () => {
    const client = connect(etcd().endpoints, { name });
    const watcher = client.watch(`${folder}watched`);
    await watcher.ready;
    const lease = await client.lease.hold({ ttlSeconds: 5 });
    await client.lease.keepAliveOnce(lease.id);
    await watcher.close();
    await lease.revoke();
    const methods = new Set(calls.map(({ method }) => method));
    assert.deepEqual([...methods].sort(), ['LeaseGrant', 'LeaseRevoke', 'Range']);
  });
});
