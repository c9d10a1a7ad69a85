import type { FuzzResult, FuzzTarget } from '../target.js';
import { ClientSeries } from './client-series.js';

/** Each with a server of its own: a client waits for most of the time. */
const parallelClients = 4;

/** HTTP/2 frames that no HTTP/2 library sends, against clients in separate processes. */
export const framesTarget: FuzzTarget = {
  name: 'frames',
  about: 'HTTP/2 frames and gRPC headers that are wrong, between the client and a server that is not',
  proof: 'frames',
  run: async ({ seconds, seed, onStart }) => {
    const all = await Promise.all(
      Array.from({ length: parallelClients }, (_, i) => ClientSeries.start(seed + i, parallelClients)),
    );
    onStart?.(() => describeProgress(all));
    await Promise.all(all.map((one) => one.run(seconds)));
    return resultOf(all);
  },
};

function describeProgress(all: readonly ClientSeries[]): string {
  const of = (figure: (one: ClientSeries) => number) => all.reduce((sum, one) => sum + figure(one), 0);
  return `${of(({ calls }) => calls.total)} calls, ${of(({ faults }) => faults)} faults, ${of(({ recoveries }) => recoveries)} recoveries, ${of(({ failures }) => failures.length)} failures`;
}

function resultOf(all: readonly ClientSeries[]): FuzzResult {
  const of = (figure: (one: ClientSeries) => number) => all.reduce((sum, one) => sum + figure(one), 0);
  const counts: Record<string, number> = {};
  for (const one of all) for (const [name, count] of one.injected) counts[name] = (counts[name] ?? 0) + count;
  const recoveries = of((one) => one.recoveries);
  const aborts = of((one) => one.aborts.length);
  const peak = Math.max(...all.map(({ calls }) => calls.mostPerSecond));
  const figures = {
    calls: of(({ calls }) => calls.total),
    frames: of(({ forwarded }) => forwarded),
    faults: of(({ faults }) => faults),
    kindsOfFaults: Object.keys(counts).length,
    connections: of(({ connections }) => connections.total),
    recoveries,
    knownAbortsOfNode: aborts,
  };
  const issues = new Set(all.flatMap((one) => one.aborts));
  return {
    counts,
    figures: [
      `${figures.calls} calls, ${peak} of a client in its busiest second; ${figures.connections} connections`,
      `${recoveries} clients recovered; ${aborts} were ended by known defects of Node ${[...issues].join(' ')}`,
      ...all.flatMap((one) => one.reports),
    ],
    failures: [
      ...all.flatMap((one) => one.failures),
      ...(recoveries === 0 ? ['void: no client has recovered'] : []),
      ...(figures.faults === 0 ? ['void: there was no fault'] : []),
    ],
    proof: { figures },
  };
}
