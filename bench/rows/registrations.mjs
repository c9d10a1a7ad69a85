// Many registrations in one process, as of a server that registers each of its tenants.
import { setTimeout as sleep } from 'node:timers/promises';
import { heapUsed, measured } from '../harness/measure.mjs';

/** A registration reads its key once its watch is created; what these reads need is not kept. */
const settleMs = 2_000;

export const rows = [
  {
    name: 'registrations',
    title: 'registrations of one process (raw: grant, txn, watch and keep-alive)',
    contestants: ['raw', 'ours'],
    metrics: [
      { name: 'ms', title: 'ms for all' },
      { name: 'cpu', title: 'CPU µs each' },
      { name: 'heap', title: 'heap B each' },
    ],
    settings: { full: { count: 1_000, rounds: 5 }, quick: { count: 200, rounds: 1 } },
    fresh: true,
    withoutClient: true,

    async start({ contestant, address, settings: { count } }) {
      const { registrars, watchers, watchersMore } = await import('../harness/registrars.mjs');
      const registrar = registrars[contestant](address);
      const registerAll = async (target, number) => {
        const before = await watchers(address);
        const addresses = Array.from({ length: number }, (_, i) => `10.1.${i >> 8}.${i & 255}:50051`);
        const began = performance.now();
        const registrations = await Promise.all(addresses.map((addr) => registrar.register(target, addr)));
        registrar.registered?.();
        const ms = performance.now() - began;
        await watchersMore(address, number, before);
        return { ms, registrations };
      };
      await registerAll('bench/warm', 50);
      const run = {
        registrations: undefined,
        async measure() {
          const before = heapUsed();
          const { cpu, result } = await measured(() => registerAll('bench/registrations', count));
          run.registrations = result.registrations;
          await sleep(settleMs);
          return { ms: result.ms, cpu: cpu / count, heap: (heapUsed() - before) / count };
        },
        async close() {
          await Promise.all((run.registrations ?? []).map((one) => one?.close()));
          await registrar.close();
        },
      };
      return run;
    },
  },
];
