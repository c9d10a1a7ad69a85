import assert from 'node:assert/strict';
import type { Client } from '@grpc/grpc-js';
import type { Lock } from '#src/lock/index.js';
import { callsGoTo } from '../../support/naming/caller.js';
import type { Expected, Outcome } from '../support/case.js';

/** What a program of this package does; `before` is for a program that uses only grpc-js. */
export interface StaticCase {
  readonly before?: Expected;
  readonly ours?: Expected;
}

interface Registered {
  readonly key: string;
  close(): Promise<void>;
}

/** The record is stored with this id and metadata. */
function registers(id: string, metadata: unknown = null): StaticCase {
  return {
    ours: async (registration: Registered, { admin }: Outcome) => {
      assert.equal(registration.key, `web/${id}`);
      const { kv } = await admin.kv.get(registration.key);
      const { Addr, Metadata } = JSON.parse(String(kv?.value)) as { Addr: string; Metadata: unknown };
      assert.deepEqual([Addr, Metadata], ['10.0.0.7:8080', metadata]);
    },
  };
}

const withTtl = (seconds: number): StaticCase => ({
  ours: async ({ key }: Registered, { admin }: Outcome) => {
    const { kv } = await admin.kv.get(key);
    assert.equal((await admin.lease.timeToLive(kv?.lease ?? 0n))?.grantedSeconds, seconds);
  },
});

interface View {
  readonly endpoints: readonly { readonly addr: string }[];
}
const lists = ({ endpoints }: View) =>
  assert.deepEqual(
    endpoints.map(({ addr }) => addr),
    ['10.0.0.7:8080'],
  );
const notOffered: StaticCase = {};
const resolver: StaticCase = { ours: (made: Disposable) => made[Symbol.dispose]() };
const succeeds: StaticCase = {
  ours: ({ succeeded }: { succeeded: boolean }) => assert.equal(succeeded, true),
};
const keys = (result: { kvs: readonly { key: Buffer }[] }) => result.kvs.map(({ key }) => String(key));

/** The calls of a grpc-js client go to exactly these servers. */
const calls =
  (...servers: readonly string[]): Expected =>
  async (client: Client) => {
    try {
      await callsGoTo(client, servers);
    } finally {
      client.close();
    }
  };

/** The case of each row of docs/migrating/from-consul-or-static.md, by the code of the row's first cell. */
export const staticCases: Readonly<Record<string, StaticCase>> = {
  'PUT /v1/agent/service/register': registers('10.0.0.7:8080'),
  '"ID": "web-1"': registers('web-1'),
  '"Tags": ["v2"], "Meta": { "version": "2" }': registers('10.0.0.7:8080', { tags: ['v2'], version: '2' }),
  '"Weights": { "Passing": 3 }': registers('10.0.0.7:8080', { weight: 3 }),
  '"Check": { "TTL": "10s" }': withTtl(10),
  '"Check": { "GRPC": "10.0.0.7:8080" }': notOffered,
  '"DeregisterCriticalServiceAfter": "90s"': withTtl(90),
  'PUT /v1/agent/service/deregister/web-1': {
    ours: async (_: unknown, { admin }: Outcome) =>
      assert.equal((await admin.kv.range({ prefix: 'web/' })).count, 0n),
  },
  'PUT /v1/agent/service/maintenance/web-1?enable=true': {
    ours: async (_: unknown, { admin }: Outcome) => {
      const { kvs } = await admin.kv.range({ prefix: 'web/' });
      assert.match(String(kvs[0]?.value), /"status":"draining"/);
    },
  },
  'GET /v1/health/service/web?passing': { ours: lists },
  'GET /v1/health/service/web?index=7&wait=5m': {
    ours: async (views: AsyncIterable<View>) => {
      for await (const view of views) {
        lists(view);
        break;
      }
    },
  },
  'GET /v1/health/service/web?filter=...': { ours: [] },
  'GET /v1/catalog/services': {
    ours: (result: { kvs: readonly { key: Buffer }[] }) =>
      assert.ok(keys(result).includes('web/10.0.0.7:8080')),
  },
  'GET /v1/health/service/web?near=_agent': resolver,
  'web.service.consul': { ours: ({ target }: { target: string }) => assert.equal(target, 'etcd:///web') },
  'GET /v1/health/service/web?dc=eu': resolver,
  'PUT /v1/kv/k': {
    ours: async (_: unknown, { admin }: Outcome) =>
      assert.equal(String((await admin.kv.get('k')).kv?.version), '2'),
  },
  'GET /v1/kv/k?raw': { ours: ({ kv }: { kv: { value: Buffer } }) => assert.equal(String(kv.value), 'v') },
  'GET /v1/kv/p/?recurse': {
    ours: (result: { kvs: readonly { key: Buffer }[] }) => assert.deepEqual(keys(result), ['p/a', 'p/b']),
  },
  'DELETE /v1/kv/p/?recurse': { ours: ({ deleted }: { deleted: bigint }) => assert.equal(deleted, 2n) },
  'PUT /v1/kv/k?cas=7': succeeds,
  'GET /v1/kv/k?index=7': {
    ours: async (watcher: AsyncIterable<{ events: readonly { kv: { key: Buffer } }[] }>) => {
      for await (const { events } of watcher) {
        assert.equal(String(events[0]?.kv.key), 'k');
        break;
      }
    },
  },
  'PUT /v1/session/create': { ours: ({ held }: { held: boolean }) => assert.equal(held, true) },
  'PUT /v1/kv/k?acquire=session': {
    ours: async (lock: Lock, { admin }: Outcome) => {
      assert.equal(lock.held, true);
      assert.equal(await admin.tryLock('k'), undefined);
      await lock.release();
    },
  },
  'PUT /v1/session/destroy/session': {
    ours: async (_: unknown, { admin }: Outcome) => assert.equal((await admin.lease.list()).length, 0),
  },
  'PUT /v1/acl/policy': {
    ours: async (_: unknown, { admin }: Outcome) => {
      assert.deepEqual(await admin.auth.roles.list(), ['web']);
      await admin.auth.roles.delete('web');
    },
  },
  '"Connect": { "SidecarService": {} }': notOffered,
  "new Client('127.0.0.1:50051', credentials.createInsecure(), options)": {
    before: calls('one'),
    ours: calls('one', 'two'),
  },
  "new Client('ipv4:127.0.0.1:50051,127.0.0.1:50052', credentials.createInsecure(), { ...options, ...roundRobin })":
    {
      before: calls('one', 'two'),
      ours: calls('one', 'two'),
    },
  "new Client('dns:///localhost:50051', credentials.createInsecure(), { ...options, ...roundRobin })": {
    before: calls('one'),
    ours: calls('one', 'two'),
  },
  "'10.0.0.7:8080,10.0.0.8:8080'.split(',')": {
    before: ['10.0.0.7:8080', '10.0.0.8:8080'],
    ours: ['10.0.0.7:8080'],
  },
};
