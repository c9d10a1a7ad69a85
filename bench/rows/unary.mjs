// Puts and gets with a number of calls in flight.
import { closedLoop } from '../harness/measure.mjs';
import { median } from '../harness/statistics.mjs';

const value = Buffer.alloc(256, 'v');
/** 16 bytes each. With up to 1,000 calls in flight, all read distinct keys. */
const keys = Array.from({ length: 1_000 }, (_, i) => `bench/${String(i).padStart(10, '0')}`);

export const calls = {
  put: (client) => (i) => client.put(keys[i % keys.length], value),
  get: (client) => (i) => client.get(keys[i % keys.length]),
};

/** Puts all keys. */
export async function prepareKeys({ raw }) {
  for (const key of keys) await raw.put(key, value);
}

const rate = { name: 'perSecond', title: 'calls/s' };
const cpu = { name: 'cpu', title: 'CPU µs/call' };
const settings = { full: { windowMs: 1_000, rounds: 9 }, quick: { windowMs: 150, rounds: 2 } };

export const rows = [
  closed('put', 1),
  closed('put', 64),
  closed('put', 512),
  closed('get', 1, { metrics: [rate, cpu, { name: 'p50', title: 'p50 ms' }] }),
  closed('get', 64),
  closed('get', 512),
  closed('get', 512, {
    name: 'get-512-unbatched',
    title: 'get, 512 in flight, distinct keys, batchReads: false',
    clientOptions: { batchReads: false },
  }),
];

function closed(call, inFlight, extra = {}) {
  const distinct = call === 'get' && inFlight > 1 ? ', distinct keys' : '';
  return {
    name: `${call}-${inFlight}`,
    title: `${call}, ${inFlight} in flight${distinct}`,
    metrics: [rate, cpu],
    settings,
    prepare: prepareKeys,
    async start({ client, settings: { windowMs } }) {
      const made = calls[call](client);
      await closedLoop(made, { inFlight, windowMs: windowMs / 2 });
      return {
        async measure() {
          const { latencies, ...figures } = await closedLoop(made, { inFlight, windowMs });
          return inFlight === 1 ? { ...figures, p50: median(latencies) } : figures;
        },
      };
    },
    ...extra,
  };
}
