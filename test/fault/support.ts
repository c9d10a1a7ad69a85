import assert from 'node:assert/strict';
import { Client, credentials } from '@grpc/grpc-js';
import type { EtcdClient } from '#src/client/index.js';
import { ClosedError } from '#src/errors/index.js';
import { WatchRequest, type WatchResponse, WatchService } from '#src/gen/etcd/rpc.js';
import type { WatchEvent } from '#src/model/index.js';
import {
  type EtcdClusterHandle,
  type EtcdHandle,
  type StartEtcdClusterOptions,
  startEtcdCluster,
} from '#src/testing/index.js';
import type { WatchBatch, Watcher } from '#src/watch/index.js';
import { skipIfExternal, waitForNoWatchers } from '../support/etcd.js';
import { unproxied } from '../support/proxy.js';

export { skipIfExternal };

/** An event as text: revision, type and key. */
export const describeEvent = ({ type, kv }: WatchEvent) =>
  `${kv.modRevision} ${type} ${kv.key.toString('latin1')}`;

/** The events of a watch, recorded in the background. */
export interface RecordedWatch {
  readonly batches: WatchBatch[];
  readonly events: WatchEvent[];
  /** Resolves with the error of the iteration, or with undefined if it ended without one. */
  readonly ended: Promise<unknown>;
}

export function recordWatch(watcher: Watcher): RecordedWatch {
  const batches: WatchBatch[] = [];
  const events: WatchEvent[] = [];
  const reading = async () => {
    for await (const batch of watcher) {
      batches.push(batch);
      for (const event of batch.events) events.push(event);
    }
  };
  return { batches, events, ended: reading().then(toUndefined, (error: unknown) => error) };
}

const toUndefined = () => undefined;

/**
 * Asserts that the batches are in order, without duplicates or split revisions, and contain exactly the expected
 * events.
 */
export function assertEvents(
  { batches, events }: Pick<RecordedWatch, 'batches' | 'events'>,
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
  const lines = events.map(describeEvent);
  assert.equal(new Set(lines).size, lines.length, 'an event was delivered twice');
  const received = new Set(lines);
  const known = new Set(truth);
  const missing = truth.filter((line) => !received.has(line));
  const unexpected = lines.filter((line) => !known.has(line));
  assert.deepEqual(
    { missing: missing.slice(0, 5), unexpected: unexpected.slice(0, 5) },
    { missing: [], unexpected: [] },
  );
  assert.equal(lines.length, truth.length);
}

/**
 * The events of a folder in an inclusive range of revisions, read from one member with plain grpc-js. Watches are
 * compared with it.
 */
export function readHistory(
  endpoint: string,
  folder: string,
  from: bigint,
  to: bigint,
): Promise<WatchEvent[]> {
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
    call.on('error', toUndefined);
    call.cancel();
    client.close();
  });
}

/**
 * Puts a last key into the folder, and returns its revision. A watcher that has received it has received everything.
 */
export async function putMarker(client: EtcdClient, folder: string): Promise<bigint> {
  const { revision } = await client.kv.put(`${folder}~`, 'the end', { idempotent: true, timeoutMs: 60_000 });
  return revision;
}

/** Waits until a recorded watch has an event at or after the revision. */
export async function receivesRevision(
  of: RecordedWatch,
  revision: bigint,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let over: { readonly error: unknown } | undefined;
  void of.ended.then((error) => {
    over = { error };
  });
  while ((of.events.at(-1)?.kv.modRevision ?? 0n) < revision) {
    if (over) throw new Error('the watch ended before it delivered everything', { cause: over.error });
    if (performance.now() > deadline) {
      throw new Error(
        `did not receive revision ${revision} within ${timeoutMs} ms: ${of.events.length} events so far`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Writes continuously, ignoring failures, until stopped or until the client is closed, as after a failed test. */
export function writeContinuously(client: EtcdClient, folder: string, keys = 20) {
  let stopped = false;
  let acknowledged = 0;
  const writing = (async () => {
    for (let i = 0; !stopped; i++) {
      try {
        const key = `${folder}${i % keys}`;
        if (i % 7 === 6) await client.kv.delete(key, { timeoutMs: 3_000 });
        else await client.kv.put(key, String(i), { timeoutMs: 3_000 });
        acknowledged++;
      } catch (error) {
        if (error instanceof ClosedError) return;
        // The history shows which writes were applied.
      }
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
 * After each test, checks that the servers have no watch streams and watchers left. Call it after `useClients()`, whose
 * clients must be closed by then.
 */
export function expectNoWatchersLeft(servers: () => readonly EtcdHandle[]): void {
  afterEach('no watch is left on a server', async function () {
    this.timeout(60_000);
    for (const server of servers()) await waitForNoWatchers(server, [0, 0], 15_000);
  });
}

/** A cluster of three for the tests of a `describe`; after each test all members run. */
export function useCluster(options: StartEtcdClusterOptions = {}): () => EtcdClusterHandle {
  let cluster: EtcdClusterHandle | undefined;

  before('a cluster starts', async function () {
    skipIfExternal(this);
    this.timeout(300_000);
    cluster = await startEtcdCluster(options);
  });

  afterEach('all members run again', async function () {
    this.timeout(60_000);
    for (const member of cluster?.members ?? []) await member.resume().catch(() => member.restart());
    await cluster?.leader();
  });

  after(() => cluster?.close());

  return () => {
    if (!cluster) throw new Error('useCluster(): the cluster exists only inside tests and hooks');
    return cluster;
  };
}
