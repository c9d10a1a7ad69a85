// The ways in which an endpoint leaves. Each stores an endpoint with `arrive`, which resolves to what makes it leave.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { encodeEndpoint, LeaseNotFoundError, register } from '../../build/src/index.js';

const longTtlSeconds = 3_600;
/** The shortest that etcd grants with its default election timeout. */
const shortTtlSeconds = 2;

/**
 * `expected` is the reason as docs/directory.md defines it. `during` are the faults in which it may happen: a registration
 * that closes while etcd restarts may not reach it in time, and an observer that is cut off sees no mark of draining, so
 * the true reason would be another one.
 */
export const kinds = [
  {
    name: 'renewals stop, the lease expires',
    expected: 'lease-ended',
    during: ['restart', 'cut off'],
    async arrive(client, { key, addr }) {
      const lease = await client.lease.hold({ ttlSeconds: shortTtlSeconds });
      await client.kv.put(key, encodeEndpoint({ addr }), { lease: lease.id });
      return () => lease.close();
    },
  },
  {
    name: 'the lease is revoked',
    expected: 'lease-ended',
    during: ['restart', 'cut off'],
    async arrive(client, endpoint) {
      const { id } = await putWithLease(client, endpoint);
      return () => revoke(client, id);
    },
  },
  {
    name: 'the record is deleted, its lease lives',
    expected: 'deleted',
    during: ['restart', 'cut off'],
    async arrive(client, endpoint) {
      await putWithLease(client, endpoint);
      return () => repeated(() => client.kv.delete(endpoint.key));
    },
  },
  {
    name: 'a record without a lease is deleted',
    expected: 'deleted',
    during: ['restart', 'cut off'],
    async arrive(client, { key, addr }) {
      await client.kv.put(key, encodeEndpoint({ addr }));
      return () => repeated(() => client.kv.delete(key));
    },
  },
  {
    name: 'an operator drains, then the lease is revoked',
    expected: 'drained',
    during: ['restart'],
    async arrive(client, endpoint) {
      const { id } = await putWithLease(client, endpoint);
      const drained = encodeEndpoint({ addr: endpoint.addr, metadata: { status: 'draining' } });
      return async () => {
        await repeated(() => client.kv.put(endpoint.key, drained, { lease: id }));
        await revoke(client, id);
      };
    },
  },
  {
    name: 'registration.drain()',
    expected: 'drained',
    async arrive(client, { target, id, addr }) {
      const registration = await register(client, { target, id, addr });
      return () => registration.drain({ propagateMs: 200 });
    },
  },
  {
    name: 'registration.close()',
    expected: 'drained',
    async arrive(client, { target, id, addr }) {
      const registration = await register(client, { target, id, addr });
      return () => registration.close();
    },
  },
  {
    name: 'a process that registers is killed',
    expected: 'lease-ended',
    async arrive(_client, endpoint, { etcd }) {
      const child = fork(fileURLToPath(new URL('registrant.mjs', import.meta.url)), {
        env: {
          ...process.env,
          REGISTRANT: JSON.stringify({ etcd, ...endpoint, ttlSeconds: shortTtlSeconds }),
        },
      });
      await once(child, 'message');
      return async () => {
        child.kill('SIGKILL');
        await once(child, 'exit');
      };
    },
  },
];

/** What the store's replacement removes: nothing has to be done for it to leave. */
export const wiped = {
  name: 'the store is wiped',
  expected: 'store-replaced',
  async arrive(client, endpoint) {
    await putWithLease(client, endpoint);
    return () => undefined;
  },
};

async function putWithLease(client, { key, addr }) {
  const lease = await client.lease.grant({ ttlSeconds: longTtlSeconds });
  await client.kv.put(key, encodeEndpoint({ addr }), { lease: lease.id });
  return lease;
}

/** A lease that is gone was revoked by an attempt without an answer. */
async function revoke(client, id) {
  await repeated(() =>
    client.lease.revoke(id).catch((error) => {
      if (!(error instanceof LeaseNotFoundError)) throw error;
    }),
  );
}

/** Until etcd has answered: it may restart meanwhile. */
async function repeated(request) {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(100);
    }
  }
}
