// connect-node with protobuf-es messages. Its descriptors are read at run time, so that nothing generated is kept.
import { readFileSync } from 'node:fs';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { inBatches } from '../harness/measure.mjs';
import { prefixEnd } from './prefix-end.mjs';
import { keepRenewing } from './renewals.mjs';
import { RequestQueue } from './request-queue.mjs';

export function open(address) {
  const transport = createGrpcTransport({ baseUrl: `http://${address}` });
  const services = createFileRegistry(
    fromBinary(FileDescriptorSetSchema, readFileSync(process.env.BENCH_DESCRIPTORS)),
  );
  const service = (name) => createClient(services.getService(`etcdserverpb.${name}`), transport);
  const [kv, watch, lease] = ['KV', 'Watch', 'Lease'].map(service);
  return {
    put: (key, value) => kv.put({ key: Buffer.from(key), value }),
    get: (key) => kv.range({ key: Buffer.from(key) }),

    async range(prefix) {
      const { kvs } = await kv.range({ key: Buffer.from(prefix), rangeEnd: prefixEnd(prefix) });
      return kvs.length;
    },

    watch({ prefix, startRevision = 0, onEvents }) {
      const stream = openStream((requests, options) => watch.watch(requests, options));
      stream.send(
        createRequest({
          key: Buffer.from(prefix),
          rangeEnd: prefixEnd(prefix),
          startRevision: BigInt(startRevision),
        }),
      );
      return new Promise((resolve, reject) => {
        const onResponse = ({ created, events }) => {
          if (created) resolve({ close: stream.close });
          if (events.length > 0) onEvents(events.length);
        };
        stream.read(onResponse).catch(reject);
      });
    },

    openWatchers(keys) {
      const stream = openStream((requests, options) => watch.watch(requests, options));
      for (const key of keys) stream.send(createRequest({ key: Buffer.from(key) }));
      let missing = keys.length;
      return new Promise((resolve, reject) => {
        const onResponse = ({ created }) => {
          if (created && --missing === 0) resolve();
        };
        stream.read(onResponse).catch(reject);
      });
    },

    async holdLeases(count, ttlSeconds) {
      const ids = await inBatches(Array.from({ length: count }), async () => {
        const { ID } = await lease.leaseGrant({ TTL: BigInt(ttlSeconds) });
        return ID;
      });
      const stream = openStream((requests, options) => lease.leaseKeepAlive(requests, options));
      const deadlines = new Map();
      const onResponse = ({ ID, TTL }) => deadlines.set(ID, performance.now() + Number(TTL) * 1_000);
      stream.read(onResponse).catch(() => {});
      const stop = keepRenewing(ids, ttlSeconds, (ID) => stream.send({ ID }));
      return {
        async revoke() {
          stop();
          stream.close();
          await inBatches(ids, (ID) => lease.leaseRevoke({ ID }));
        },
      };
    },

    close() {},
  };
}

function createRequest(value) {
  return { requestUnion: { case: 'createRequest', value } };
}

/** A stream of both directions. `read` resolves when it was closed here. */
function openStream(call) {
  const requests = new RequestQueue();
  const abort = new AbortController();
  const responses = call(requests, { signal: abort.signal });
  return {
    send: (request) => requests.push(request),
    close: () => abort.abort(),
    async read(onResponse) {
      try {
        for await (const response of responses) onResponse(response);
      } catch (error) {
        if (!abort.signal.aborted) throw error;
      }
    },
  };
}
