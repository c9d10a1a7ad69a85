// What outlier detection adds to a call: the weighted policy with it, and without it as the reference.
import { reply, start } from '../harness/processes.mjs';

export const rows = [
  {
    name: 'outlier-detection',
    title: 'calls to 10 endpoints, 64 in flight, with outlierDetection (raw: without)',
    contestants: ['raw', 'ours'],
    metrics: [
      { name: 'perSecond', title: 'calls/s' },
      { name: 'cpu', title: 'CPU µs/call' },
    ],
    settings: {
      full: { windowMs: 1_000, rounds: 21 },
      quick: { windowMs: 150, rounds: 2 },
    },
    withoutClient: true,

    async start({ contestant, cores, settings: { windowMs } }) {
      const { closedLoop } = await import('../harness/measure.mjs');
      const { channelWith, echo, endpoint } = await import('../harness/channel.mjs');
      const { outlierPolicies } = await import('../harness/balancing.mjs');
      const server = start('echo-server.mjs', { core: cores.others, task: {} });
      const port = await reply(server);
      const { client, report } = channelWith(outlierPolicies[contestant]);
      report(Array.from({ length: 10 }, (_, i) => endpoint(i, port)));
      const call = () => echo(client);
      await closedLoop(call, { inFlight: 64, windowMs });
      return {
        async measure() {
          const { perSecond, cpu } = await closedLoop(call, { inFlight: 64, windowMs });
          return { perSecond, cpu };
        },
        close: () => {
          client.close();
          server.disconnect();
        },
      };
    },
  },
];
