import assert from 'node:assert/strict';
import type { EtcdClient, StatusEvent } from '#src/client/index.js';
import { type WatchCreateRequest, WatchRequest, WatchResponse } from '#src/gen/etcd/rpc.js';
import { op } from '#src/kv/index.js';
import type { Watcher } from '#src/watch/index.js';
import { useEtcd } from '../../support/etcd.js';
import { type ScriptedCall, startScriptedServer } from '../../support/scripted-server.js';
import { eventually, folderOf, useClients } from '../client/support.js';

const MiB = 1024 * 1024;

describe('a backlog above the receive limit', function () {
  this.timeout(30_000);
  const etcd = useEtcd();
  const { connect } = useClients();
  let writer: EtcdClient;
  let narrow: EtcdClient;
  let folder: string;
  let start: bigint;
  const countStreams = () => etcd().metric('etcd_debugging_mvcc_watch_stream_total');

  beforeEach(async () => {
    writer = connect(etcd().endpoints);
    narrow = connect(etcd().endpoints, { maxReceiveBytes: 4 * MiB });
    folder = folderOf(etcd());
    start = (await writer.kv.put(`${folder}busy/0`, Buffer.alloc(MiB, '0'))).revision;
    for (let i = 1; i < 12; i++) await writer.kv.put(`${folder}busy/${i}`, Buffer.alloc(MiB, String(i)));
  });

  it('arrives completely, for one lost stream', async () => {
    const status = recordStatus(narrow);
    const busy = narrow.watch({ prefix: `${folder}busy/` }, { startRevision: start });
    await readBacklog(busy);
    assert.deepEqual(status.count(), { disconnected: 1, reopening: 1, resumed: 1 });
    await busy.close();
  });

  it('arrives completely among 20 other watchers, which pay one resumption', async () => {
    const others = Array.from({ length: 20 }, (_, i) => narrow.watch(`${folder}quiet/${i}`));
    await Promise.all(others.map(({ ready }) => ready));
    const streams = await countStreams();
    const status = recordStatus(narrow);
    const busy = narrow.watch({ prefix: `${folder}busy/` }, { startRevision: start });
    await readBacklog(busy);
    await eventually('all are live again', () => others.every(({ live }) => live));
    assert.deepEqual(status.count(), { disconnected: 1, reopening: 1, resumed: 21 });
    await eventually('all share one stream', async () => (await countStreams()) === streams);

    for (let i = 0; i < 20; i++) await writer.kv.put(`${folder}quiet/${i}`, `value ${i}`);
    for (const [i, other] of others.entries()) {
      for await (const { events } of other) {
        assert.deepEqual(
          events.map(({ kv }) => String(kv.value)),
          [`value ${i}`],
        );
        break;
      }
    }
    await busy.close();
  });
});

describe('a backlog of small events whose objects take more than the receive limit', function () {
  this.timeout(30_000);
  const etcd = useEtcd();
  const { connect } = useClients();

  it('arrives completely', async () => {
    const folder = folderOf(etcd());
    const writer = connect(etcd().endpoints);
    const keys = Array.from({ length: 100 }, (_, i) => `${folder}${i}`);
    const { revision: before } = await writer.kv.get(folder);
    for (let i = 0; i < 100; i++) await writer.kv.txn({ success: keys.map((key) => op.put(key, 'x')) });
    const narrow = connect(etcd().endpoints, { maxReceiveBytes: 4 * MiB });
    await using watcher = narrow.watch({ prefix: folder }, { startRevision: before + 1n });
    let received = 0;
    for await (const { events } of watcher) {
      received += events.length;
      if (received >= 10_000) break;
    }
    assert.equal(received, 10_000);
  });
});

describe('a watch of a server whose response is above the receive limit', () => {
  const { connect } = useClients();

  it('asks for fragments from then on, also after later losses, and not before', async () => {
    const server = new FragmentingServer();
    const { endpoint, close } = await startScriptedServer((call) => server.answer(call));
    try {
      const watcher = connect([endpoint], { maxReceiveBytes: 64 * 1024 }).watch('k', { startRevision: 2n });
      const received = watcher[Symbol.asyncIterator]();
      const { value: batch } = await received.next();
      assert.deepEqual(
        batch?.events.map(({ kv }) => kv.modRevision),
        [2n],
        'the last revision of a fragment is incomplete',
      );
      server.loseStream();
      await eventually('the watch is created again', () => server.creates.length === 3);
      assert.deepEqual(
        server.creates.map(({ fragment, startRevision }) => [fragment, startRevision]),
        [
          [false, 2n],
          [true, 2n],
          [true, 3n],
        ],
      );
      await watcher.close();
    } finally {
      await close();
    }
  });
});

/** A server with three revisions of 30 KB, which it sends at once, or in fragments of two. The last one never arrives. */
class FragmentingServer {
  readonly creates: WatchCreateRequest[] = [];
  #stream: ScriptedCall | undefined;

  answer(call: ScriptedCall): void {
    if (call.method !== 'Watch') {
      call.stream.resume();
      call.end(14, 'etcdserver: no leader');
      return;
    }
    this.#stream = call;
    call.onMessage((bytes) => {
      const request = WatchRequest.decode(bytes).requestUnion;
      if (request?.$case === 'createRequest') this.#create(call, request.value);
    });
  }

  loseStream(): void {
    this.#stream?.end(14, 'etcdserver: server stopped');
  }

  #create(call: ScriptedCall, create: WatchCreateRequest): void {
    this.creates.push(create);
    const { watchId, fragment } = create;
    const send = (response: Parameters<typeof WatchResponse.fromPartial>[0]) => {
      const header = { clusterId: 1n, memberId: 1n, revision: 4n };
      call.send(WatchResponse.encode(WatchResponse.fromPartial({ header, watchId, ...response })).finish());
    };
    send({ created: true });
    if (this.creates.length > 2) return;
    send({ events: fragment ? [put(2n), put(3n)] : [put(2n), put(3n), put(4n)], fragment });
  }
}

function put(modRevision: bigint) {
  const value = Buffer.alloc(30_000);
  return {
    type: 0 as const,
    kv: { key: Buffer.from('k'), value, createRevision: 1n, modRevision, version: 1n },
  };
}

/** Reads the twelve values of the backlog, in order. */
async function readBacklog(watcher: Watcher): Promise<void> {
  const values: string[] = [];
  for await (const { events } of watcher) {
    for (const { kv } of events) {
      assert.equal(kv.value.length, MiB);
      values.push(String(kv.value.subarray(0, 1)));
    }
    if (values.length >= 12) break;
  }
  assert.deepEqual(
    values,
    Array.from({ length: 12 }, (_, i) => String(i)[0]),
  );
}

/** Counts the status events of a client from now on, by type. */
function recordStatus(client: EtcdClient): { count(): Partial<Record<StatusEvent['type'], number>> } {
  const types: StatusEvent['type'][] = [];
  void (async () => {
    for await (const { type } of client.status()) types.push(type);
  })();
  return {
    count() {
      const counts: Partial<Record<StatusEvent['type'], number>> = {};
      for (const type of types) counts[type] = (counts[type] ?? 0) + 1;
      return counts;
    },
  };
}
