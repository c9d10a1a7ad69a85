import assert from 'node:assert/strict';
import { type Case, type Cases, type Check, rejects } from '../support/case.js';

interface PeerWatcher {
  readonly id: string | null;
  readonly request: {
    readonly key: Buffer;
    readonly prev_kv?: boolean;
    readonly filters?: readonly string[];
  };
}

/** etcd has acknowledged the watch. */
const acknowledged: Case = {
  etcd3: ({ id }: PeerWatcher) => assert.notEqual(id, null),
  ours: (revision: bigint) => assert.ok(revision > 0n),
};

const watching: Cases = {
  "etcd3.watch().key('k').create()": acknowledged,
  "etcd3.watch().prefix('p/').create()": acknowledged,
  "etcd3.watch().inRange({ start: 'a', end: 'c' }).create()": acknowledged,
  "etcd3.watch().key('k').only('put').create()": acknowledged,
  "etcd3.watch().key('k').ignore('put').create()": {
    etcd3: ({ request }: PeerWatcher) => assert.deepEqual(request.filters, [1]),
    ours: acknowledged.ours,
  },
  "etcd3.watch().key('k').withPreviousKV().create()": {
    etcd3: ({ request }: PeerWatcher) => assert.equal(request.prev_kv, true),
    ours: acknowledged.ours,
  },
  "etcd3.watch().key('k').startRevision(revision).create()": acknowledged,
  "etcd3.watch().key('k').watcher()": {
    etcd3: ({ id }: PeerWatcher) => assert.equal(id, null),
    ours: ({ live }: { readonly live: boolean }) => assert.equal(live, false),
  },
};

/** Ends a watcher of either library. */
const closeWatcher = (watcher: unknown) => {
  const { cancel, close } = watcher as { cancel?(): Promise<void>; close?(): Promise<void> };
  return (cancel ?? close)?.call(watcher);
};

const putK: Case['act'] = ({ admin }) => admin.kv.put('k', 'v');
/** A loop whose watch history is gone ends with an error; an EventEmitter emits it. */
const loseHistory: Case['act'] = async ({ admin, link, printed }) => {
  link.refuse();
  link.cut();
  await admin.kv.put('k', 'v');
  const { revision } = await admin.kv.put('k', 'v');
  await admin.kv.compact(revision);
  assert.equal(printed.length, 0);
  link.heal();
};

const watchers: Cases = {
  "watcher.on('put', (kv) => print(kv.value))": { act: putK, prints: ['v'] },
  "watcher.on('delete', (kv) => print(kv.key))": {
    given: { k: 'v' },
    act: ({ admin }) => admin.kv.delete('k'),
    prints: ['k'],
  },
  "watcher.on('data', ({ events }) => print(events.length))": { act: putK, prints: [1] },
  "watcher.on('connecting', () => print('connecting'))": {
    act: ({ link }) => link.cut(),
    prints: ['connecting'],
  },
  "watcher.on('connected', () => print('connected'))": {
    watches: true,
    act: ({ link }) => link.cut(),
    prints: ['connected'],
  },
  "watcher.on('disconnected', () => print('disconnected'))": {
    watches: true,
    act: ({ link }) => link.cut(),
    prints: ['disconnected'],
  },
  "watcher.on('end', () => print('end'))": {
    act: (_, { watcher }) => closeWatcher(watcher),
    etcd3Prints: ['end'],
    prints: ['closed'],
  },
  "watcher.on('error', (error) => print(error.constructor.name))": {
    act: loseHistory,
    etcd3Prints: ['EtcdError'],
    ours: rejects(/CompactedError/),
  },
  'watcher.lastRevision()': {
    etcd3: (revision: unknown) => assert.match(String(revision), /^\d+$/),
    ours: (revision: unknown) => assert.equal(typeof revision, 'bigint'),
  },
  'watcher.cancel()': { both: undefined },
  'watcher.id': { etcd3: (id: unknown) => assert.match(String(id), /^\d+$/) },
  'watcher.request.key': { etcd3: 'k' },
};

const leaseExists: Check = async (_: unknown, { admin }) =>
  assert.equal((await admin.lease.list()).length, 1);
const noLease: Check = async (_: unknown, { admin }) => assert.equal((await admin.lease.list()).length, 0);

const leases: Cases = {
  'etcd3.lease(60)': {
    etcd3: async (lease: { grant(): Promise<string> }) => assert.match(await lease.grant(), /^\d+$/),
    ours: ({ id, held }: { readonly id: bigint; readonly held: boolean }) =>
      assert.deepEqual([typeof id, held], ['bigint', true]),
  },
  'etcd3.lease(60, { autoKeepAlive: false }).grant()': { both: leaseExists },
  'lease.grant()': {
    etcd3: (id: unknown) => assert.match(String(id), /^\d+$/),
    ours: (id: unknown) => assert.equal(typeof id, 'bigint'),
  },
  "lease.put('k').value('v')": {
    both: async (_: unknown, { admin }) => assert.notEqual((await admin.kv.get('k')).kv?.lease, 0n),
    stored: { k: 'v' },
  },
  'lease.revoke()': { both: noLease },
  'lease.release()': { both: leaseExists },
  'lease.keepaliveOnce()': {
    etcd3: ({ TTL }: { readonly TTL: string }) => assert.equal(TTL, '60'),
    ours: ({ ttlSeconds }: { readonly ttlSeconds: number }) => assert.equal(ttlSeconds, 60),
  },
  'lease.revoked()': { both: false },
  'lease.state': { etcd3: 1, ours: true },
  "lease.on('lost', () => print('lost'))": {
    act: async ({ admin }) => {
      for (const id of await admin.lease.list()) await admin.lease.revoke(id);
    },
    leaseSeconds: 2,
    etcd3Prints: ['lost'],
    prints: ['expired'],
  },
  "lease.on('keepaliveFired', () => print('fired'))": {
    leaseSeconds: 2,
    act: () => undefined,
    prints: ['fired'],
  },
  "lease.on('keepaliveSucceeded', ({ TTL }) => print(TTL))": {
    leaseSeconds: 2,
    act: () => undefined,
    prints: ['2'],
  },
  "lease.on('keepaliveFailed', () => print('failed'))": { act: ({ link }) => link.cut(), prints: ['failed'] },
  "lease.on('keepaliveEstablished', () => print('open'))": {
    act: ({ link }) => link.cut(),
    prints: ['open'],
  },
};

export const streamCases: Cases = { ...watching, ...watchers, ...leases };
