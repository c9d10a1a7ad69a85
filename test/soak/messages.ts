import type { LeakKind } from './settings.js';

/** The services whose endpoints the worker registers for the whole run. */
export const fixedServices = ['soak/fixed-a', 'soak/fixed-b', 'soak/fixed-c'] as const;
/** The service whose endpoints come and go. */
export const movingService = 'soak/moving';
/** The keys whose events are checked. */
export const eventPrefix = 'soak/events/';
/** The keys of the steady load. */
export const loadPrefix = 'soak/load/';

/** The configuration of the worker, passed as JSON. */
export interface WorkerConfig {
  readonly endpoints: readonly string[];
  /** The addresses of the gRPC servers. */
  readonly servers: readonly string[];
  readonly callsPerSecond: number;
  readonly eventsPerSecond: number;
  readonly leak: LeakKind | undefined;
  readonly seed: number;
}

/** What the process uses. Read after a garbage collection. */
export interface ProcessFigures {
  /** Without compiled code. */
  readonly heapBytes: number;
  /** Machine code: it grows while functions are compiled, for many minutes, and is bounded by the program's size. */
  readonly codeBytes: number;
  /** Buffers and other memory that belongs to objects of the heap. */
  readonly externalBytes: number;
  readonly rssBytes: number;
  /** The resources that keep an event loop alive, by type. */
  readonly handles: Readonly<Record<string, number>>;
  readonly descriptors: number;
  /** Established TCP connections, by the address at the other end. */
  readonly connections: Readonly<Record<string, number>>;
  /** Since the previous sample, without the garbage collection of the sample. */
  readonly loopDelayP99Ms: number;
}

export const gaugeNames = [
  'clients',
  'watchers',
  'watchStreams',
  'leases',
  'locksHeld',
  'locksWaiting',
  'electionsHeld',
  'electionsWaiting',
  'mirrors',
  'services',
  'registrations',
  'channels',
  'retriesWaiting',
  'bufferedEvents',
  'callsInFlight',
  'memberConnections',
] as const;
/** The gauges of all clients of the worker, summed; `callsInFlight` is counted by the load, `memberConnections` are to etcd. */
export type Gauges = Record<(typeof gaugeNames)[number], number>;

export const countNames = [
  'callsOk',
  'callsFailed',
  'callsAmbiguous',
  'callsSkipped',
  'rpcsOk',
  'rpcsFailed',
  'eventsWritten',
  'eventsSeen',
  'eventsMissed',
  'eventsDuplicated',
  'watchesCompacted',
  'locksAcquired',
  'locksLost',
  'termsWon',
  'sharedLocks',
  'registrationChecks',
  'registrationsAbsent',
  'viewsWithoutOwn',
  'mirrorChecks',
  'mirrorsWrong',
  'watchersChurned',
  'clientsChurned',
  'channelsChurned',
  'endpointsChurned',
  'pickersChurned',
  'picks',
] as const;
/** Since the start. */
export type Counts = Record<(typeof countNames)[number], number>;

export interface WorkerSample {
  readonly process: ProcessFigures;
  readonly gauges: Gauges;
  readonly counts: Counts;
}

/** From the run to the worker. */
export type Command =
  | { readonly type: 'sample' }
  | { readonly type: 'start-load' }
  | { readonly type: 'stop-load' }
  | { readonly type: 'close' };

/** From a child process to the run. */
export type Report =
  | { readonly type: 'servers'; readonly addrs: readonly string[] }
  | { readonly type: 'ready' }
  | { readonly type: 'sample'; readonly sample: WorkerSample }
  | { readonly type: 'load-started' }
  | { readonly type: 'load-stopped' }
  /** An error that the library must not cause, or the failure of a channel's call. */
  | { readonly type: 'unexpected'; readonly text: string };
