// A large service for a grpc-js channel: our policy, and grpc-js's round_robin as the reference.
import { reply, start } from '../harness/processes.mjs';

export const rows = [
  {
    name: 'balancer',
    title: 'one change of a large list of endpoints (raw: round_robin)',
    contestants: ['raw', 'ours'],
    metrics: [
      { name: 'update', title: 'ms blocked' },
      { name: 'call', title: 'CPU µs/call' },
      { name: 'growth', title: 'call ÷ call at 10' },
    ],
    settings: {
      full: { count: 10_000, updates: 9, calls: 5_000, rounds: 3 },
      quick: { count: 200, updates: 5, calls: 500, rounds: 1 },
    },
    fresh: true,
    withoutClient: true,

    async start({ contestant, cores, settings }) {
      const { measurePolicy, policies } = await import('../harness/balancing.mjs');
      const server = start('echo-server.mjs', { core: cores.others, task: {} });
      const port = await reply(server);
      const policy = policies[contestant];
      return {
        async measure() {
          // The first channel of a process runs code that V8 has not compiled yet.
          await measurePolicy(policy, { ...settings, count: 10, port });
          const few = await measurePolicy(policy, { ...settings, count: 10, port });
          const many = await measurePolicy(policy, { ...settings, port });
          return { update: many.update, call: many.call, growth: many.call / few.call };
        },
        close: () => server.disconnect(),
      };
    },
  },
];
