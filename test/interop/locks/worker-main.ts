// A process that takes locks: node worker-main.js <kind> <endpoint>; the port of the test is in LOCK_CONTROL.
import { Client, credentials } from '@grpc/grpc-js';
import { EtcdClient } from '#src/client/index.js';
import { LockService, v3lockpb } from '#src/raw/index.js';
import { unproxied } from '../../support/proxy.js';
import { rawCall } from '../../support/raw-call.js';
import type { Order } from './messages.js';
import { Section } from './section.js';

const [, , kind = '', endpoint = ''] = process.argv;
const client = new EtcdClient({ endpoints: [endpoint] });
const raw = new Client(endpoint, credentials.createInsecure(), unproxied);
const section = new Section(Number(process.env['LOCK_CONTROL']?.split(':').at(-1)), (order) => {
  const perform = kinds[kind];
  if (!perform) throw new Error(`no such kind of lock: ${kind}`);
  return perform(order);
});

const kinds: Readonly<Record<string, (order: Order) => Promise<void>>> = {
  ours: async (order) => {
    await using lock = await client.lock(order.name, { ttlSeconds: order.ttlSeconds });
    await section.count(order, lock.token);
    await lock.release();
  },
  server: async (order) => {
    const lease = await client.lease.hold({ ttlSeconds: order.ttlSeconds });
    const request = v3lockpb.LockRequest.create({ name: Buffer.from(order.name), lease: lease.id });
    const { key, header } = await rawCall(raw, LockService.lock, request);
    await section.count(order, header?.revision ?? 0n);
    await rawCall(raw, LockService.unlock, { key });
    await lease.revoke();
  },
  /** A lock that does not wait, which the test must detect: it joins the queue after it has read the counter. */
  broken: async (order) => {
    const lease = await client.lease.hold({ ttlSeconds: order.ttlSeconds });
    const counted = section.count(order, 0n);
    await client.kv.put(`${order.name}/${lease.id.toString(16)}`, '', { lease: lease.id });
    await counted;
    await lease.revoke();
  },
};
