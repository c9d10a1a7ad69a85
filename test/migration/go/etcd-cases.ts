import assert from 'node:assert/strict';
import type { Outcome } from '../support/case.js';
import type { GoCase } from './case.js';

export const defaultKeys = { k: 'v', 'p/a': '1', 'p/b': '2', 'p/c': '3' };

export interface GoKeyValue {
  readonly key: string;
  readonly value?: string;
}

/** The text of a value that Go's encoder wrote. */
export const text = (base64 = '') => Buffer.from(base64, 'base64').toString();

/** Both read these keys, in this order. */
export function reads(...keys: readonly string[]): GoCase {
  return {
    go: ({ kvs = [] }: { kvs?: readonly GoKeyValue[] }) =>
      assert.deepEqual(
        kvs.map(({ key }) => text(key)),
        keys,
      ),
    ours: ({ kv, kvs }: { kv?: { key: Buffer }; kvs?: readonly { key: Buffer }[] }) =>
      assert.deepEqual(
        (kvs ?? (kv ? [kv] : [])).map(({ key }) => key.toString()),
        keys,
      ),
  };
}

/** Any result. */
export const done = () => undefined;
const { k: _, ...folder } = defaultKeys;
/** Both leave these keys in the store. */
export const leaves = (stored: Readonly<Record<string, string>>): GoCase => ({
  go: done,
  ours: done,
  stored,
});
const writes = (value: string): GoCase => leaves({ ...defaultKeys, k: value });

const kv: Readonly<Record<string, GoCase>> = {
  'client.Get(ctx, "k")': reads('k'),
  'client.Get(ctx, "p/", clientv3.WithPrefix())': reads('p/a', 'p/b', 'p/c'),
  'client.Get(ctx, "p/a", clientv3.WithRange("p/c"))': reads('p/a', 'p/b'),
  'client.Get(ctx, "p/b", clientv3.WithFromKey())': reads('p/b', 'p/c'),
  'client.Get(ctx, "k", clientv3.WithRev(revision))': reads('k'),
  'client.Get(ctx, "k", clientv3.WithSerializable())': reads('k'),
  'client.Get(ctx, "p/", clientv3.WithPrefix(), clientv3.WithLimit(1))': reads('p/a'),
  'client.Get(ctx, "p/", clientv3.WithPrefix(), clientv3.WithSort(clientv3.SortByKey, clientv3.SortDescend))':
    reads('p/c', 'p/b', 'p/a'),
  'client.Get(ctx, "p/", clientv3.WithLastKey()...)': reads('p/c'),
  'client.Get(ctx, "p/", clientv3.WithPrefix(), clientv3.WithKeysOnly())': reads('p/a', 'p/b', 'p/c'),
  'client.Get(ctx, "p/", clientv3.WithPrefix(), clientv3.WithCountOnly())': {
    go: ({ count }: { count: number }) => assert.equal(count, 3),
    ours: ({ count }: { count: bigint }) => assert.equal(count, 3n),
  },
  'client.Get(ctx, "k", clientv3.WithMinModRev(revision))': { ...reads('k'), given: { k: 'v' } },
  'client.Get(ctx, "k", clientv3.WithMaxModRev(revision))': reads('k'),
  'client.Get(ctx, "k", clientv3.WithMinCreateRev(revision))': { ...reads('k'), given: { k: 'v' } },
  'client.Get(ctx, "k", clientv3.WithMaxCreateRev(revision))': reads('k'),
  'client.GetStream(ctx, "p/", clientv3.WithPrefix())': {
    kind: 'channel or error',
    go: done, // before etcd 3.7, the channel delivers an error
    ours: async (batches: AsyncIterable<{ kvs: readonly object[] }>) => {
      for await (const { kvs } of batches) assert.equal(kvs.length, 3);
    },
  },
  'clientv3.GetPrefixRangeEnd("p/")': { kind: 'value', go: 'p0', ours: { prefix: 'p/' } },
  'client.Put(ctx, "k", "v")': writes('v'),
  'client.Put(ctx, "k", "v", clientv3.WithLease(leaseID))': {
    go: (_: unknown, { admin }: Outcome) => hasLease(admin),
    ours: (_: unknown, { admin }: Outcome) => hasLease(admin),
  },
  'client.Put(ctx, "k", "v", clientv3.WithPrevKV())': {
    given: { k: 'old' },
    go: ({ prev_kv }: { prev_kv: GoKeyValue }) => assert.equal(text(prev_kv.value), 'old'),
    ours: ({ prevKv }: { prevKv: { value: Buffer } }) => assert.equal(prevKv.value.toString(), 'old'),
  },
  'client.Put(ctx, "k", "", clientv3.WithIgnoreValue())': writes('v'),
  'client.Put(ctx, "k", "v", clientv3.WithIgnoreLease())': writes('v'),
  'client.Delete(ctx, "k")': leaves(folder),
  'client.Delete(ctx, "p/", clientv3.WithPrefix())': leaves({ k: 'v' }),
  'client.Delete(ctx, "k", clientv3.WithPrevKV())': {
    go: ({ prev_kvs: [first] }: { prev_kvs: readonly GoKeyValue[] }) => assert.equal(text(first?.value), 'v'),
    ours: ({ prevKvs: [first] }: { prevKvs: readonly { value: Buffer }[] }) =>
      assert.equal(String(first?.value), 'v'),
  },
  'client.Compact(ctx, revision)': leaves(defaultKeys),
  'client.Compact(ctx, revision, clientv3.WithCompactPhysical())': leaves(defaultKeys),
  'client.Do(ctx, clientv3.OpGet("k"))': { go: done, ours: reads('k').ours },
  'client.Txn(ctx).If(clientv3.Compare(clientv3.CreateRevision("k"), "=", 0)).Then(clientv3.OpPut("k", "v")).Else(clientv3.OpGet("k")).Commit()':
    { given: {}, ...leaves({ k: 'v' }) },
  'client.Txn(ctx).If(clientv3.Compare(clientv3.Value("k"), "=", "v"), clientv3.Compare(clientv3.Version("k"), ">", 0)).Then(clientv3.OpDelete("k")).Commit()':
    leaves(folder),
  'client.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision("p/").WithPrefix(), ">", 0), clientv3.Compare(clientv3.LeaseValue("k"), "=", 0)).Then(clientv3.OpTxn(nil, []clientv3.Op{clientv3.OpPut("k", "v")}, nil)).Commit()':
    { given: { ...folder, k: 'old' }, ...writes('v') },
  'namespace.NewLease(client.Lease, "ns/").Grant(ctx, 60)': {
    go: ({ TTL }: { TTL: number }) => assert.equal(TTL, 60),
    ours: ({ ttlSeconds }: { ttlSeconds: number }) => assert.equal(ttlSeconds, 60),
  },
  'namespace.NewWatcher(client.Watcher, "ns/").Watch(ctx, "k", clientv3.WithCreatedNotify())': {
    kind: 'channel',
    go: ({ Created }: { Created: boolean }) => assert.equal(Created, true),
    ours: (revision: bigint) => assert.ok(revision > 0n),
  },
  'namespace.NewKV(client.KV, "ns/").Put(ctx, "k", "v")': leaves({ ...defaultKeys, 'ns/k': 'v' }),
};

async function hasLease(admin: Outcome['admin']): Promise<void> {
  assert.notEqual((await admin.kv.get('k')).kv?.lease, 0n);
}

interface Batches {
  [Symbol.asyncIterator](): AsyncIterator<{ events: readonly { type: string; kv: { key: Buffer } }[] }>;
}

/** The first event of both concerns this key. */
function watches(key: string): GoCase {
  return {
    kind: 'channel',
    go: ({ Events: [first] }: { Events: readonly { kv: GoKeyValue }[] }) =>
      assert.equal(text(first?.kv.key), key),
    ours: async (watcher: Batches) => {
      for await (const { events } of watcher) {
        assert.equal(String(events[0]?.kv.key), key);
        break;
      }
    },
  };
}

const watch: Readonly<Record<string, GoCase>> = {
  'client.Watch(ctx, "k", clientv3.WithRev(revision))': { ...watches('k'), given: { k: 'v' } },
  'client.Watch(ctx, "p/", clientv3.WithPrefix(), clientv3.WithRev(revision))': watches('p/c'),
  'client.Watch(ctx, "k", clientv3.WithRev(revision), clientv3.WithPrevKV())': {
    ...watches('k'),
    given: { k: 'v' },
  },
  'client.Watch(ctx, "k", clientv3.WithRev(revision), clientv3.WithFilterDelete())': {
    ...watches('k'),
    given: { k: 'v' },
  },
  'client.Watch(ctx, "k", clientv3.WithRev(revision), clientv3.WithFilterPut())': {
    ...watches('k'),
    given: { k: 'v' },
    deletes: 'k',
  },
  'client.Watch(ctx, "k", clientv3.WithCreatedNotify())': {
    kind: 'channel',
    go: ({ Created }: { Created: boolean }) => assert.equal(Created, true),
    ours: (revision: bigint) => assert.ok(revision > 0n),
  },
  'client.Watch(clientv3.WithRequireLeader(ctx), "k", clientv3.WithRev(revision))': {
    ...watches('k'),
    given: { k: 'v' },
  },
  'client.Watch(ctx, "k", clientv3.WithRev(revision), clientv3.WithProgressNotify(), clientv3.WithFragment())':
    {
      ...watches('k'),
      given: { k: 'v' },
    },
  'client.RequestProgress(ctx)': { kind: 'error', go: null },
};

const leases: Readonly<Record<string, GoCase>> = {
  'client.Grant(ctx, 60)': {
    go: ({ TTL }: { TTL: number }) => assert.equal(TTL, 60),
    ours: ({ ttlSeconds }: { ttlSeconds: number }) => assert.equal(ttlSeconds, 60),
  },
  'client.KeepAlive(ctx, leaseID)': {
    kind: 'channel or error',
    go: ({ TTL }: { TTL: number }) => assert.equal(TTL, 60),
    ours: ({ held }: { held: boolean }) => assert.equal(held, true),
  },
  'client.KeepAliveOnce(ctx, leaseID)': {
    go: ({ TTL }: { TTL: number }) => assert.equal(TTL, 60),
    ours: ({ ttlSeconds }: { ttlSeconds: number }) => assert.equal(ttlSeconds, 60),
  },
  'client.TimeToLive(ctx, leaseID, clientv3.WithAttachedKeys())': {
    go: (answer: Readonly<Record<string, number>>) => assert.equal(answer['granted-ttl'], 60),
    ours: ({ grantedSeconds }: { grantedSeconds: number }) => assert.equal(grantedSeconds, 60),
  },
  'client.Leases(ctx)': {
    go: ({ leases: all }: { leases: readonly object[] | null }) => assert.equal(all?.length ?? 0, 0),
    ours: (all: readonly bigint[]) => assert.equal(all.length, 0),
  },
  'client.Revoke(ctx, leaseID)': {
    go: async (_: unknown, { admin }: Outcome) => assert.equal((await admin.lease.list()).length, 0),
    ours: async (_: unknown, { admin }: Outcome) => assert.equal((await admin.lease.list()).length, 0),
  },
};

/** The cases of KV, watches and leases. */
export const etcdCases: Readonly<Record<string, GoCase>> = { ...kv, ...watch, ...leases };
