import type { FuzzResult, FuzzTarget } from '../target.js';
import { Lane } from './lane.js';

/** Each with a server of its own: a client waits for most of the time. */
const parallelClients = 4;

/** HTTP/2 frames that no HTTP/2 library sends, against clients in separate processes. */
export const framesTarget: FuzzTarget = {
  name: 'frames',
  about: 'HTTP/2 frames and gRPC headers that are wrong, between the client and a server that is not',
  proof: 'frames',
  run: async ({ seconds, seed, onStart }) => {
    const lanes = await Promise.all(
      Array.from({ length: parallelClients }, (_, i) => Lane.start(seed + i, parallelClients)),
    );
    onStart?.(() => describeProgress(lanes));
    await Promise.all(lanes.map((lane) => lane.run(seconds)));
    return resultOf(lanes);
  },
};

function describeProgress(lanes: readonly Lane[]): string {
  const of = (figure: (lane: Lane) => number) => lanes.reduce((sum, lane) => sum + figure(lane), 0);
  return `${of(({ calls }) => calls.total)} calls, ${of(({ faults }) => faults)} faults, ${of(({ recoveries }) => recoveries)} recoveries, ${of(({ failures }) => failures.length)} failures`;
}

function resultOf(lanes: readonly Lane[]): FuzzResult {
  const of = (figure: (lane: Lane) => number) => lanes.reduce((sum, lane) => sum + figure(lane), 0);
  const counts: Record<string, number> = {};
  for (const lane of lanes)
    for (const [name, count] of lane.injected) counts[name] = (counts[name] ?? 0) + count;
  const recoveries = of((lane) => lane.recoveries);
  const aborts = of((lane) => lane.aborts.length);
  const peak = Math.max(...lanes.map(({ calls }) => calls.mostPerSecond));
  const figures = {
    calls: of(({ calls }) => calls.total),
    frames: of(({ forwarded }) => forwarded),
    faults: of(({ faults }) => faults),
    kindsOfFaults: Object.keys(counts).length,
    connections: of(({ connections }) => connections.total),
    recoveries,
    knownAbortsOfNode: aborts,
  };
  const issues = new Set(lanes.flatMap((lane) => lane.aborts));
  return {
    counts,
    figures: [
      `${figures.calls} calls, ${peak} of a client in its busiest second; ${figures.connections} connections`,
      `${recoveries} clients recovered; ${aborts} were ended by known defects of Node ${[...issues].join(' ')}`,
      ...lanes.flatMap((lane) => lane.reports),
    ],
    failures: [
      ...lanes.flatMap((lane) => lane.failures),
      ...(recoveries === 0 ? ['void: no client has recovered'] : []),
      ...(figures.faults === 0 ? ['void: there was no fault'] : []),
    ],
    proof: { figures },
  };
}
