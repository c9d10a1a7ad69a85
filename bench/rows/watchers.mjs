// Many watchers from now, without and with a reader.
import { heapUsed, measured } from '../harness/measure.mjs';

const metrics = [
  { name: 'cpu', title: 'CPU µs each' },
  { name: 'ms', title: 'ms for all' },
  { name: 'heap', title: 'heap B each' },
];
const settings = { full: { count: 10_000, rounds: 5 }, quick: { count: 2_000, rounds: 1 } };

export const rows = [row('watchers', false), row('watchers-read', true)];

function row(name, reading) {
  return {
    name,
    title: `watchers from now, ${reading ? 'each with a reader' : 'without a reader'}`,
    metrics,
    settings,
    // The heap of an earlier measurement must not count.
    fresh: true,
    async start({ client, settings: { count } }) {
      await client.openWatchers(keysOf('warm', 100), { reading });
      const keys = keysOf('many', count);
      const run = {
        watchers: undefined,
        async measure() {
          const before = heapUsed();
          const { ms, cpu } = await measured(async () => {
            run.watchers = await client.openWatchers(keys, { reading });
          });
          return { cpu: cpu / count, ms, heap: (heapUsed() - before) / count };
        },
      };
      return run;
    },
  };
}

function keysOf(prefix, count) {
  return Array.from({ length: count }, (_, i) => `${prefix}/${i}`);
}
