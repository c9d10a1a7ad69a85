// What a user without a client library writes: grpc-js with stubs that proto-loader makes at run time.
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { inBatches } from '../harness/measure.mjs';
import { prefixEnd } from './prefix-end.mjs';
import { keepRenewing } from './renewals.mjs';

/** The stubs of etcd's services; `{ KV, Watch, Lease }`. */
export function stubs(address) {
  const definition = loadSync('etcd/rpc.proto', {
    includeDirs: [fileURLToPath(new URL('../../proto', import.meta.url))],
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const { KV, Watch, Lease } = loadPackageDefinition(definition).etcdserverpb;
  const channel = [address, credentials.createInsecure(), { 'grpc.enable_http_proxy': 0 }];
  return { KV: new KV(...channel), Watch: new Watch(...channel), Lease: new Lease(...channel) };
}

/** A call of a stub as a promise. */
export function ask(stub, method, request) {
  return new Promise((resolve, reject) => {
    stub[method](request, (error, response) => (error ? reject(error) : resolve(response)));
  });
}

/** Every contestant returns an object with these functions. */
export function open(address) {
  const { KV, Watch, Lease } = stubs(address);
  return {
    put: (key, value) => ask(KV, 'Put', { key: Buffer.from(key), value }),
    get: (key) => ask(KV, 'Range', { key: Buffer.from(key) }),

    /** Resolves to the number of keys. */
    async range(prefix) {
      const { kvs } = await ask(KV, 'Range', { key: Buffer.from(prefix), range_end: prefixEnd(prefix) });
      return kvs.length;
    },

    /** Resolves when the watch is created. `onEvents` receives the number of events of each response. */
    watch({ prefix, startRevision, onEvents }) {
      const stream = Watch.Watch();
      const create_request = {
        key: Buffer.from(prefix),
        range_end: prefixEnd(prefix),
        start_revision: startRevision,
      };
      return new Promise((resolve, reject) => {
        stream.on('error', reject);
        stream.on('data', ({ created, events }) => {
          if (created) resolve({ close: () => stream.cancel() });
          if (events.length > 0) onEvents(events.length);
        });
        stream.write({ create_request });
      });
    },

    /** Resolves when there is a watch of each key. Raw stubs have no object of a watch, so readers make no difference. */
    openWatchers(keys) {
      const stream = Watch.Watch();
      let missing = keys.length;
      return new Promise((resolve, reject) => {
        stream.on('error', reject);
        stream.on('data', ({ created }) => {
          if (created && --missing === 0) resolve();
        });
        for (const key of keys) stream.write({ create_request: { key: Buffer.from(key) } });
      });
    },

    /** Grants leases and keeps them alive. */
    async holdLeases(count, ttlSeconds) {
      const ids = await inBatches(Array.from({ length: count }), async () => {
        const { ID } = await ask(Lease, 'LeaseGrant', { TTL: ttlSeconds });
        return ID;
      });
      const stream = Lease.LeaseKeepAlive();
      const deadlines = new Map();
      stream.on('data', ({ ID, TTL }) => deadlines.set(ID, performance.now() + TTL * 1_000));
      stream.on('error', () => {});
      const stop = keepRenewing(ids, ttlSeconds, (ID) => stream.write({ ID }));
      return {
        async revoke() {
          stop();
          stream.cancel();
          await inBatches(ids, (ID) => ask(Lease, 'LeaseRevoke', { ID }));
        },
      };
    },

    close() {
      for (const stub of [KV, Watch, Lease]) stub.close();
    },
  };
}
