import { readdirSync } from 'node:fs';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapCodeStatistics } from 'node:v8';
import { type ClientMetrics, diagnosticsChannels } from '#src/index.js';
import { type Gauges, gaugeNames, type ProcessFigures } from '../messages.js';
import { readConnections } from './connections.js';

const collectGarbage = (globalThis as { gc?: () => void }).gc;

/** Reads what this process uses. Needs `--expose-gc`. */
export class ProcessReader {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: 10 });

  constructor() {
    if (!collectGarbage) throw new Error('the worker needs --expose-gc');
    this.#delay.enable();
  }

  read(): ProcessFigures {
    const loopDelayP99Ms = this.#delay.percentile(99) / 1e6;
    this.#delay.disable();
    this.#delay.reset();
    collectGarbage?.();
    collectGarbage?.(); // what finalizers of the first one released
    const { heapUsed, external, rss } = process.memoryUsage();
    const codeBytes = readCodeBytes();
    const figures = {
      heapBytes: heapUsed - codeBytes,
      codeBytes,
      externalBytes: external,
      rssBytes: rss,
      handles: countTypes(process.getActiveResourcesInfo()),
      descriptors: readdirSync('/proc/self/fd').length - 1, // without the one of this read
      connections: readConnections(),
      loopDelayP99Ms,
    };
    this.#delay.enable();
    return figures;
  }
}

/** Machine code, bytecode and their tables; a constant part of it, the built-in functions, is outside the heap. */
function readCodeBytes(): number {
  const { code_and_metadata_size: machineCode, bytecode_and_metadata_size: bytecode } =
    getHeapCodeStatistics();
  return machineCode + bytecode;
}

/** Without immediates, which are the next work of the loop and not something that is kept. */
function countTypes(types: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const type of types.toSorted()) if (type !== 'Immediate') counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

/** The sum over all open clients of the process, those included that are lost but not closed. */
export function readGauges(callsInFlight: number): Gauges {
  const sum = Object.fromEntries(gaugeNames.map((name) => [name, 0])) as Gauges;
  diagnosticsChannels.metrics.publish({ report: (metrics) => add(sum, gaugesOf(metrics)) });
  return { ...sum, callsInFlight };
}

function add(sum: Gauges, gauges: Gauges): void {
  for (const name of gaugeNames) sum[name] += gauges[name];
}

function gaugesOf(metrics: ClientMetrics): Gauges {
  const { watch, leases, locks, elections, mirrors, services, registrations, resolvers, retries, members } =
    metrics;
  return {
    clients: 1,
    watchers: watch.watchers,
    watchStreams: watch.streams,
    leases: leases.held,
    locksHeld: locks.held,
    locksWaiting: locks.waiting,
    electionsHeld: elections.held,
    electionsWaiting: elections.waiting,
    mirrors: mirrors.active,
    services: services.length,
    registrations: registrations.length,
    channels: resolvers.reduce((sum, { channels }) => sum + channels, 0),
    retriesWaiting: retries.localReads + retries.reads + retries.writes,
    bufferedEvents: watch.bufferedEvents,
    callsInFlight: 0,
    memberConnections: members.filter(({ connected }) => connected).length,
  };
}
