// What a client of this package does as a contestant.
import { inBatches } from '../harness/measure.mjs';

export function contestantOf(client) {
  return {
    put: (key, value) => client.kv.put(key, value),
    get: (key) => client.kv.get(key),

    async range(prefix) {
      const { kvs } = await client.kv.range({ prefix });
      return kvs.length;
    },

    async watch({ prefix, startRevision, onEvents }) {
      const from = startRevision === undefined ? {} : { startRevision: BigInt(startRevision) };
      const watcher = client.watch({ prefix }, from);
      const reading = read(watcher, onEvents);
      await watcher.ready;
      return {
        async close() {
          await watcher.close();
          await reading;
        },
      };
    },

    async openWatchers(keys, { reading }) {
      const watchers = keys.map((key) => client.watch(key));
      if (reading) for (const watcher of watchers) void read(watcher, () => {});
      for (const watcher of watchers) await watcher.ready;
      return watchers;
    },

    async holdLeases(count, ttlSeconds) {
      const leases = await inBatches(Array.from({ length: count }), () => client.lease.hold({ ttlSeconds }));
      return {
        async revoke() {
          const lost = leases.filter(({ held }) => !held).length;
          if (lost > 0) throw new Error(`${lost} leases were lost`);
          await inBatches(leases, (lease) => lease.revoke());
        },
      };
    },

    close: () => client.close(),
  };
}

async function read(watcher, onEvents) {
  for await (const { events } of watcher) onEvents(events.length);
}
