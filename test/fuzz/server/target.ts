import { above, describeReport, judgeEnd, judgeReport } from '../client/judge.js';
import { type ClientEnd, ClientProcess } from '../client/process.js';
import type { FuzzTarget } from '../target.js';
import { FaultyServer } from './faulty-server.js';

/**
 * Limits on the client's resources. It accepts answers of 8 MiB, each possibly in memory twice, and has about twenty
 * calls open; without faults it makes about 150 calls a second.
 */
const limits = { rssMiB: 512, heapMiB: 200, delayMs: 5_000, requestsPerSecond: 1_000 };

/** A fake etcd with faults, against a client in a separate process. */
export const serverTarget: FuzzTarget = {
  name: 'server',
  about: 'a server with faults on every method and stream of the client',
  run: async ({ seconds, seed, onStart }) => {
    const server = await FaultyServer.start(seed);
    onStart?.(() => `${sum(server.calls)} calls, ${sum(server.injected)} faults`);
    const client = new ClientProcess(server.endpoint, seed);
    try {
      await client.run(seconds * 1_000);
      server.stopFaults();
      const end = await client.recover();
      return { counts: Object.fromEntries(server.injected), ...evaluate(server, end) };
    } finally {
      client.kill();
      await server.close();
    }
  },
};

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}

function evaluate(server: FaultyServer, end: ClientEnd) {
  const { report } = end;
  const { mostPerSecond } = server.rate;
  const failures = [
    ...judgeEnd(end),
    ...above('request loop, requests in a second', mostPerSecond, limits.requestsPerSecond),
    ...(report ? judgeReport(report, limits) : []),
  ];
  const figures = [
    `${sum(server.calls)} calls, ${mostPerSecond} in the busiest second, ${server.mostOpen} open at the same time`,
    ...(report && report.failures.length > 0 ? [`connections: ${server.describe()}`] : []),
    ...(report ? describeReport(report) : []),
  ];
  return { figures, failures };
}
