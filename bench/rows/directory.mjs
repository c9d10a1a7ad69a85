// The endpoints of a large service that changes all the time, kept in memory.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { prepareWriter, put, sendAll } from '../harness/load.mjs';

const target = 'bench/directory';
const prefix = `${target}/`;
const record = '{"Op":0,"Addr":"127.1.2.3:50051","Metadata":{"id":"#","weight":1}}';

export const rows = [
  {
    name: 'directory',
    title: 'directory at 200 changes/s (raw: a watch and a Map)',
    contestants: ['raw', 'ours'],
    metrics: [
      { name: 'core', title: '% of a core' },
      { name: 'block', title: 'loop delay p99 ms' },
      { name: 'ms', title: 'first list ms' },
      { name: 'changes', title: 'changes/s reached' },
    ],
    settings: {
      full: { count: 10_000, seconds: 10, rounds: 3 },
      quick: { count: 2_000, seconds: 1, rounds: 1 },
    },
    fresh: true,
    withoutClient: true,

    async prepare({ address, settings: { count } }) {
      const records = Array.from({ length: count }, (_, i) =>
        put(`${prefix}${i}`, Buffer.from(record.replace('#', i))),
      );
      await sendAll(address, records);
    },

    async start({ contestant, address, cores, settings: { count, seconds } }) {
      const writer = await prepareWriter({ address, core: cores.others, prefix });
      const { followers } = await import('../harness/followers.mjs');
      const began = performance.now();
      const directory = await followers[contestant]({ address, target, count });
      const ms = performance.now() - began;
      await sleep(200);
      return {
        async measure() {
          const { core, block, result } = await watched(() =>
            writer.change({ count, perSecond: 200, seconds, record }),
          );
          return { core, block, ms, changes: result };
        },
        async close() {
          writer.close();
          await directory.close();
        },
      };
    },
  },
];

/** The share of a core that this process uses during `work`, and the delay of its event loop. */
async function watched(work) {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  globalThis.gc();
  delays.enable();
  const cpu = process.cpuUsage();
  const began = performance.now();
  const result = await work();
  const { user, system } = process.cpuUsage(cpu);
  const core = (user + system) / 10 / (performance.now() - began);
  delays.disable();
  return { result, core, block: delays.percentile(99) / 1e6 };
}
