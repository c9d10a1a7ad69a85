// The latency of gets that arrive at half of the rate that raw grpc-js can serve.
import { arrivals, openLoop } from '../harness/arrivals.mjs';
import { closedLoop } from '../harness/measure.mjs';
import { percentile } from '../harness/statistics.mjs';
import { calls, prepareKeys } from './unary.mjs';

export const rows = [
  {
    name: 'get-open',
    title: 'get, open loop at half of raw capacity',
    metrics: [
      { name: 'p50', title: 'p50 ms' },
      { name: 'p99', title: 'p99 ms' },
    ],
    settings: { full: { windowMs: 2_000, rounds: 9 }, quick: { windowMs: 200, rounds: 2 } },
    prepare: prepareKeys,

    /** The arrivals of all contestants follow from the capacity of raw grpc-js, measured first. */
    async calibrate(measure) {
      const { perSecond } = await measure('raw', { capacity: true });
      return { perSecond: perSecond / 2 };
    },

    async start({ client, settings: { windowMs } }) {
      const get = calls.get(client);
      const capacity = () => closedLoop(get, { inFlight: 64, windowMs });
      await capacity();
      return {
        async measure({ perSecond, round, ...params }) {
          if (params.capacity) return { perSecond: (await capacity()).perSecond };
          globalThis.gc();
          const latencies = await openLoop(get, arrivals({ perSecond, windowMs, seed: round + 1 }));
          return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
        },
      };
    },
  },
];
