import assert from 'node:assert/strict';
import { Client, credentials } from '@grpc/grpc-js';
import type { EtcdClient } from '#src/client/index.js';
import { WatchRequest, type WatchResponse, WatchService } from '#src/gen/etcd/rpc.js';
import type { WatchEvent } from '#src/model/index.js';
import { type EtcdClusterHandle, type EtcdHandle, startEtcdCluster } from '#src/testing/index.js';
import type { WatchBatch, Watcher } from '#src/watch/index.js';
import { skipIfExternal, watchersReturn } from '../support/etcd.js';
import { unproxied } from '../support/proxy.js';

export { skipIfExternal };

/** One event in words, so that a difference can be read: revision, kind and key. */
export const told = ({ type, kv }: WatchEvent) => `${kv.modRevision} ${type} ${kv.key.toString('latin1')}`;

/** What a watch told, read in the background as fast as it comes. */
export interface Record {
  readonly batches: WatchBatch[];
  readonly events: WatchEvent[];
  /** Resolves with what the iteration threw, or with undefined when it ended without. */
  readonly ended: Promise<unknown>;
}

export function record(watcher: Watcher): Record {
  const batches: WatchBatch[] = [];
  const events: WatchEvent[] = [];
  const reading = async () => {
    for await (const batch of watcher) {
      batches.push(batch);
      for (const event of batch.events) events.push(event);
    }
  };
  return { batches, events, ended: reading().then(undefinedly, (error: unknown) => error) };
}

const undefinedly = () => undefined;

/** That the batches are in order, hold nothing twice, split no revision, and tell exactly the truth. */
export function assertTrue(
  { batches, events }: Pick<Record, 'batches' | 'events'>,
  truth: readonly string[],
) {
  let last = 0n;
  for (const batch of batches) {
    const first = batch.events[0]?.kv.modRevision;
    if (first === undefined) continue;
    assert.ok(first > last, `revision ${first} comes after ${last}, or in two batches`);
    for (const { kv } of batch.events) {
      assert.ok(kv.modRevision >= last, `revision ${kv.modRevision} comes after ${last}`);
      last = kv.modRevision;
    }
    assert.equal(batch.nextRevision, last + 1n);
  }
  const lines = events.map(told);
  assert.equal(new Set(lines).size, lines.length, 'an event came twice');
  const had = new Set(lines);
  const known = new Set(truth);
  const missing = truth.filter((line) => !had.has(line));
  const invented = lines.filter((line) => !known.has(line));
  assert.deepEqual(
    { missing: missing.slice(0, 5), invented: invented.slice(0, 5) },
    { missing: [], invented: [] },
  );
  assert.equal(lines.length, truth.length);
}

/**
 * The history of a folder from a revision up to and including one, read by grpc-js alone from one member: the truth
 * that watches are held against.
 */
export function history(endpoint: string, folder: string, from: bigint, to: bigint): Promise<WatchEvent[]> {
  const end = Buffer.from(folder);
  end[end.length - 1]! += 1;
  const client = new Client(endpoint, credentials.createInsecure(), {
    ...unproxied,
    'grpc.max_receive_message_length': -1,
  });
  const { path, requestSerialize, responseDeserialize } = WatchService.watch;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const events: WatchEvent[] = [];
  return new Promise<WatchEvent[]>((resolve, reject) => {
    call.on('error', reject);
    call.on('data', (response: WatchResponse) => {
      if (response.canceled)
        reject(new Error(`cancelled: ${response.cancelReason || response.compactRevision}`));
      for (const { type, kv, prevKv } of response.events) {
        if (kv && kv.modRevision <= to) {
          events.push({ type: type === 0 ? 'put' : 'delete', kv, ...(prevKv ? { prevKv } : {}) });
        }
        if (kv && kv.modRevision >= to) resolve(events);
      }
    });
    const value = { key: Buffer.from(folder), rangeEnd: end, startRevision: from };
    call.write(WatchRequest.create({ requestUnion: { $case: 'createRequest', value } }));
  }).finally(() => {
    call.on('error', undefinedly);
    call.cancel();
    client.close();
  });
}

/** Puts a last key into the folder: whoever has been told of it has been told of everything. Gives its revision. */
export async function mark(client: EtcdClient, folder: string): Promise<bigint> {
  const { revision } = await client.kv.put(`${folder}~`, 'the end', { idempotent: true, timeoutMs: 60_000 });
  return revision;
}

/** Resolves when a record holds an event of the revision or a later one. */
export async function reaches(of: Record, revision: bigint, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let over: { readonly error: unknown } | undefined;
  void of.ended.then((error) => {
    over = { error };
  });
  while ((of.events.at(-1)?.kv.modRevision ?? 0n) < revision) {
    if (over) throw new Error('the watch ended before it told everything', { cause: over.error });
    if (performance.now() > deadline) {
      throw new Error(
        `not told of revision ${revision} within ${timeoutMs} ms: ${of.events.length} events so far`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Writes one key after the other, whatever becomes of each write, until told to stop. */
export function keepWriting(client: EtcdClient, folder: string, keys = 20) {
  let stopped = false;
  let acknowledged = 0;
  const writing = (async () => {
    for (let i = 0; !stopped; i++) {
      try {
        const key = `${folder}${i % keys}`;
        if (i % 7 === 6) await client.kv.delete(key, { timeoutMs: 3_000 });
        else await client.kv.put(key, String(i), { timeoutMs: 3_000 });
        acknowledged++;
      } catch {} // the history tells which of them came through
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  return {
    get acknowledged() {
      return acknowledged;
    },
    async stop(): Promise<void> {
      stopped = true;
      await writing;
    },
  };
}

/**
 * After each test no server has a watch stream or a watcher left. Call it after `useClients()`, whose clients have to
 * be closed by then.
 */
export function leavesNothing(servers: () => readonly EtcdHandle[]): void {
  afterEach('no watch is left on a server', async function () {
    this.timeout(60_000);
    for (const server of servers()) await watchersReturn(server, [0, 0], 15_000);
  });
}

/** Three members for the tests of a `describe`; after each of them all run again. */
export function useCluster(): () => EtcdClusterHandle {
  let cluster: EtcdClusterHandle | undefined;

  before('a cluster starts', async function () {
    skipIfExternal(this);
    this.timeout(300_000);
    cluster = await startEtcdCluster();
  });

  afterEach('all members run again', async function () {
    this.timeout(60_000);
    for (const member of cluster?.members ?? []) await member.resume().catch(() => member.restart());
    await cluster?.leader();
  });

  after(() => cluster?.close());

  return () => {
    if (!cluster) throw new Error('useCluster(): the cluster is there only inside tests and hooks');
    return cluster;
  };
}
