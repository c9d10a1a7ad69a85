// Leases that are kept alive.
import { setTimeout as sleep } from 'node:timers/promises';
import { heapUsed } from '../harness/measure.mjs';
import { metric } from '../harness/metric.mjs';

export const rows = [
  {
    name: 'leases',
    title: 'leases kept alive',
    metrics: [
      { name: 'cpu', title: 'CPU µs/renewal' },
      { name: 'heap', title: 'heap B each' },
    ],
    settings: {
      full: { count: 10_000, ttlSeconds: 9, windowMs: 9_000, rounds: 3 },
      quick: { count: 500, ttlSeconds: 5, windowMs: 1_700, rounds: 1 },
    },
    fresh: true,

    async start({ client, address, settings: { count, ttlSeconds, windowMs } }) {
      const warm = await client.holdLeases(10, ttlSeconds);
      await warm.revoke();
      const before = heapUsed();
      const leases = await client.holdLeases(count, ttlSeconds);
      // From then on, renewals are spread over their interval.
      await sleep((ttlSeconds * 1_000) / 3);
      return {
        async measure() {
          const heap = (heapUsed() - before) / count;
          const cpu = await cpuOfRenewal(address, windowMs);
          return { cpu, heap };
        },
        close: () => leases.revoke(),
      };
    },
  },
];

/** etcd counts the renewals: every contestant has one answered for each. */
async function cpuOfRenewal(address, windowMs) {
  const renewed = () => metric(address, 'etcd_debugging_lease_renewed_total');
  const first = await renewed();
  const cpu = process.cpuUsage();
  await sleep(windowMs);
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / ((await renewed()) - first);
}
