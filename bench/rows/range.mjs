// A range of many keys in one response.
import { putAll } from '../harness/load.mjs';
import { measured } from '../harness/measure.mjs';

const prefix = 'range/';
const keys = 10_000;

export const rows = [
  {
    name: 'range',
    title: 'range of 10,000 keys',
    metrics: [
      { name: 'ms', title: 'ms' },
      { name: 'cpu', title: 'CPU ms' },
    ],
    settings: { full: { repeats: 5, rounds: 9 }, quick: { repeats: 2, rounds: 2 } },

    prepare: ({ address }) => putAll(address, prefix, keys),

    async start({ client, settings: { repeats } }) {
      const read = async () => {
        const found = await client.range(prefix);
        if (found !== keys) throw new Error(`${found} of ${keys} keys`);
      };
      await read();
      return {
        async measure() {
          const { ms, cpu } = await measured(async () => {
            for (let i = 0; i < repeats; i++) await read();
          });
          return { ms: ms / repeats, cpu: cpu / repeats / 1_000 };
        },
      };
    },
  },
];
