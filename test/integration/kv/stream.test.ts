import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { CompactedError } from '#src/errors/index.js';
import { op, type RangeBatch } from '#src/kv/index.js';
import type { KeyValue } from '#src/model/index.js';
import { startFaultProxy } from '#src/testing/index.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually, folderOf, useClients } from '../client/support.js';
import { RangeStreamServer } from './range-stream-server.js';

const keyCount = 10_000;

async function drain(
  stream: AsyncIterable<RangeBatch>,
  onBatch: (count: number) => void = () => {},
): Promise<{ kvs: KeyValue[]; revisions: Set<bigint>; batches: number }> {
  const kvs: KeyValue[] = [];
  const revisions = new Set<bigint>();
  let batches = 0;
  for await (const batch of stream) {
    for (const kv of batch.kvs) kvs.push(kv);
    revisions.add(batch.revision);
    onBatch(++batches);
  }
  return { kvs, revisions, batches };
}

describe('kv.stream', () => {
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  let client: EtcdClient;
  let folder: string;

  before(async () => {
    const filling = connect(etcd().endpoints);
    folder = folderOf(etcd());
    for (let i = 0; i < keyCount; i += 100) {
      const numbers = Array.from({ length: 100 }, (_, n) => String(i + n).padStart(6, '0'));
      await filling.kv.txn({ success: numbers.map((n) => op.put(`${folder}${n}`, n.repeat(60))) });
    }
    await filling.close();
  });

  beforeEach(() => {
    client = connect(etcd().endpoints);
  });

  const hasRangeStream = () => Number(etcd().version.split('.')[1]) >= 7;

  /** The number of RangeStream chunks that etcd has sent, from its metrics. */
  async function rangeStreamChunks(): Promise<number> {
    const text = await etcd().metrics();
    const sample = /^grpc_server_msg_sent_total\{[^}]*grpc_method="RangeStream"[^}]*\} (\S+)$/m.exec(text);
    return Number(sample?.[1] ?? 0);
  }

  /** Changes, deletes and adds keys across the range until it is stopped. */
  function writeUntilStopped() {
    let stopped = false;
    let writes = 0;
    const done = (async () => {
      for (let i = 0; !stopped; i = (i + 997) % keyCount, writes++) {
        const name = `${folder}${String(i).padStart(6, '0')}`;
        await client.kv.txn({ success: [op.put(name, 'changed'), op.put(`${name}+`, 'added')] });
        await client.kv.delete(`${name}+`);
      }
    })();
    return {
      async stop(): Promise<number> {
        stopped = true;
        await done;
        return writes;
      },
    };
  }

  /** Asserts the same keys, values and revisions as in one range at that revision. */
  async function assertWhole({ kvs, revisions }: Awaited<ReturnType<typeof drain>>): Promise<void> {
    assert.equal(revisions.size, 1);
    const [revision] = revisions;
    const whole = await client.kv.range({ prefix: folder }, { revision: revision! });
    assert.equal(kvs.length, whole.kvs.length);
    assert.deepEqual(kvs, whole.kvs);
  }

  it('returns the range at one revision during concurrent writes', async () => {
    const before = await rangeStreamChunks();
    const writer = writeUntilStopped();
    const result = await drain(client.kv.stream({ prefix: folder }));
    assert.ok((await writer.stop()) > 0, 'there were writes');
    await assertWhole(result);
    assert.ok(result.batches > 3);
    assert.equal((await rangeStreamChunks()) > before, hasRangeStream());
  });

  it('reads an earlier revision, keys without values, and with filters', async () => {
    const { revision } = await client.kv.put(`${folder}000000`, 'then');
    await client.kv.put(`${folder}000000`, 'now');
    const past = await drain(client.kv.stream({ prefix: folder }, { revision }));
    assert.deepEqual([...past.revisions], [revision]);
    assert.equal(String(past.kvs[0]?.value), 'then');
    const names = await drain(client.kv.stream({ prefix: folder }, { keysOnly: true, serializable: true }));
    assert.equal(names.kvs.length, past.kvs.length);
    assert.ok(names.kvs.every(({ value }) => value.length === 0));
    const changed = await drain(client.kv.stream({ prefix: folder }, { minModRevision: revision }));
    assert.deepEqual(
      changed.kvs.map(({ key }) => String(key)),
      [`${folder}000000`],
    );
  });

  it('of an empty range returns the revision', async () => {
    const { kvs, revisions } = await drain(client.kv.stream({ prefix: `${folder}none` }));
    assert.deepEqual([kvs.length, [...revisions][0]! > 0n], [0, true]);
  });

  for (const between of [20_000, 150_000, 600_000]) {
    it(`continues after the last key when its connection is reset every ${between} bytes`, async () => {
      const link = await proxy(etcd());
      const cut = connect([link.endpoint], { maxReconnectDelayMs: 250 });
      await cut.kv.get(folder);
      const writer = writeUntilStopped();
      let cuts = 0;
      const result = await drain(cut.kv.stream({ prefix: folder }), () => {
        if (cuts++ < 8) link.cutAfterBytes(between, 'down');
      });
      await writer.stop();
      assert.ok(link.accepted > 1, 'the connection was cut');
      await assertWhole(result);
    });
  }

  it('ends with CompactedError when its revision is compacted, after the batches received before', async function () {
    skipUnlessBreakable(this, etcd());
    const { revision } = await client.kv.put(`${folder}000000`, 'x');
    await client.kv.put(`${folder}000001`, 'x');
    const stream = client.kv.stream({ prefix: folder }, { revision });
    await stream.next();
    await etcd().compact();
    let keys = 0;
    await assert.rejects(async () => {
      for await (const { kvs } of stream) keys += kvs.length;
    }, CompactedError);
    assert.ok(keys < keyCount);
  });

  describe('from a server that has RangeStream, in front of any release', () => {
    let server: RangeStreamServer;
    let reader: EtcdClient;

    beforeEach(async () => {
      server = await new RangeStreamServer(client.kv).start();
      reader = connect([server.endpoint]);
    });
    afterEach(() => server.close());

    it('is read by one RangeStream call', async () => {
      const result = await drain(reader.kv.stream({ prefix: folder }));
      assert.equal(server.opened, 1);
      await assertWhole(result);
    });

    it('is read ahead of its reader by at most one chunk', async () => {
      const [large, keys, chunkKeys] = [folderOf(etcd()), 500, 10];
      for (let i = 0; i < keys; i += chunkKeys) {
        const names = Array.from(
          { length: chunkKeys },
          (_, n) => `${large}${String(i + n).padStart(6, '0')}`,
        );
        await client.kv.txn({ success: names.map((name) => op.put(name, Buffer.alloc(50_000))) });
      }
      const slow = await new RangeStreamServer(client.kv, chunkKeys).start();
      try {
        const stream = connect([slow.endpoint]).kv.stream({ prefix: large });
        await stream.next();
        await stream.next();
        let last = -1;
        await eventually('flow control stops the server', () => {
          const same = slow.written === last;
          last = slow.written;
          return new Promise((resolve) => setTimeout(() => resolve(same), 200));
        });
        // Chunks of 500 KB: three are received, nine fill the stream's window of 4 MiB, and 16 the server's own buffer.
        assert.ok(slow.written < 32, `${slow.written} chunks were written`);
        await stream.return?.();
      } finally {
        slow.close();
      }
    });

    it('is cancelled on the server when the loop is left', async () => {
      for await (const { kvs } of reader.kv.stream({ prefix: folder })) {
        if (server.opened > 0) break;
        assert.ok(kvs.length > 0);
      }
      await eventually('the server sees the cancellation', () => server.cancelled === 1);
    });

    it('is cancelled on the server when its signal aborts, and rejects with the signal’s reason', async () => {
      const abort = new AbortController();
      const stream = reader.kv.stream({ prefix: folder }, { signal: abort.signal });
      await stream.next();
      await stream.next();
      abort.abort(new Error('enough'));
      await eventually('the server sees the cancellation', () => server.cancelled === 1);
      await assert.rejects(stream.next(), /enough/);
    });

    it('continues on another member when the server falls silent', async () => {
      const near = await startFaultProxy({ target: server.endpoint });
      const proxied = await proxy(etcd());
      proxied.refuse(); // so that the stream starts where it is meant to
      const both = connect([near.endpoint, proxied.endpoint], { connectTimeoutMs: 500 });
      try {
        const stream = both.kv.stream({ prefix: folder }, { timeoutMs: 6_000 });
        const result = await drain(stream, (batches) => {
          if (batches !== 3) return;
          proxied.heal();
          near.blackhole();
        });
        assert.equal(server.opened, 1);
        await assertWhole(result);
      } finally {
        await near.close();
      }
    });

    it('continues on another member when the server stops, with pages if that member is older', async () => {
      const link = await proxy(etcd());
      link.refuse(); // so that the stream starts where it is meant to
      const both = connect([server.endpoint, link.endpoint]);
      const result = await drain(both.kv.stream({ prefix: folder }), (batches) => {
        if (batches !== 3) return;
        link.heal();
        server.close();
      });
      assert.equal(server.opened, 1);
      assert.ok(link.connections > 0);
      await assertWhole(result);
    });
  });
});
