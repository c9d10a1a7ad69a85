import { EtcdClient } from '#src/index.js';
import type { EtcdClusterHandle } from '#src/testing/index.js';
import type { Link } from '../../chaos/faults/fault.js';
import type { Resources } from '../../chaos/resources.js';
import { keepaliveOptions, type LinkPlan, openLinks } from '../../chaos/workers.js';
import { Random } from '../../sim/random.js';
import type { History } from '../history/history.js';
import { runCompaction } from './compaction.js';
import type { Exclusive } from './exclusive.js';
import { runBatchedReads, runKvTraffic } from './kv-traffic.js';
import type { Recorder } from './recorder.js';
import { TrafficClient } from './traffic-client.js';
import {
  runContinuedWatches,
  runLongWatch,
  runLongWatchOfKey,
  runLongWatchOfPuts,
  runShortWatches,
  type WatchCounts,
  type WatchReader,
} from './watch-traffic.js';

/** What runs through one client of the library, in its own order or at the same time. */
interface ClientPlan extends LinkPlan {
  readonly batchReads?: boolean;
  /** The number of sequential clients that write and read. */
  readonly writers?: number;
  /** Readers whose reads travel together. */
  readonly readers?: number;
  readonly compacts?: boolean;
  readonly watches?: readonly (keyof typeof watchLoops)[];
}

const longWatchLoops = {
  long: runLongWatch,
  'long of puts': runLongWatchOfPuts,
  'long of a key': runLongWatchOfKey,
};
const watchLoops = { short: runShortWatches, continued: runContinuedWatches, ...longWatchLoops };

const plans: readonly ClientPlan[] = [
  { names: ['w0'], server: 0, writers: 1 },
  { names: ['w1'], server: 1, writers: 1 },
  { names: ['w2'], server: 2, writers: 1 },
  { names: ['a0'], writers: 1, batchReads: false },
  { names: ['a1'], writers: 1, batchReads: false, compacts: true },
  { names: ['b0'], writers: 2, readers: 4 },
  // Watches of one client share streams.
  {
    names: ['m0'],
    watches: ['short', 'short', 'continued', 'continued', 'long', 'long of puts', 'long of a key'],
    writers: 1,
  },
  { names: ['s0'], server: 0, watches: ['short', 'continued'] },
  { names: ['s1'], server: 1, watches: ['short', 'continued'] },
  { names: ['s2'], server: 2, watches: ['short'] },
  { names: ['l0'], server: 0, watches: ['long'] },
  { names: ['l1'], server: 1, watches: ['long'] },
  { names: ['l2'], server: 2, watches: ['long'] },
];

/** A part of the traffic, which runs until the signal aborts. */
export type Loop = (signal: AbortSignal) => Promise<void>;

/** What the clients of a run share. */
export interface Shared {
  readonly cluster: EtcdClusterHandle;
  readonly history: History;
  readonly recorder: Recorder;
  readonly watchCounts: WatchCounts;
  readonly exclusive: Exclusive;
  readonly seed: number;
}

export interface Traffic {
  readonly links: readonly Link[];
  readonly calls: readonly Loop[];
  readonly watches: readonly Loop[];
  /** Those whose watches last, and must receive the last write. */
  readonly longReaders: readonly WatchReader[];
}

/** Opens all clients, each with its own proxy to every member that it knows. */
export async function openTraffic(shared: Shared, resources: Resources): Promise<Traffic> {
  const links: Link[] = [];
  const calls: Loop[] = [];
  const watches: Loop[] = [];
  const longReaders: WatchReader[] = [];
  for (const [index, plan] of plans.entries()) {
    const ownLinks = await openLinks(shared.cluster.members, plan);
    for (const { proxy } of ownLinks) resources.use(proxy);
    links.push(...ownLinks);
    const endpoints = ownLinks.map(({ proxy }) => proxy.endpoint);
    const etcd = new EtcdClient({ endpoints, batchReads: plan.batchReads ?? true, ...keepaliveOptions });
    resources.use(etcd);
    const own = new ClientParts(shared, plan.names[0] ?? '', etcd, index);
    calls.push(...callLoops(plan, own));
    for (const kind of plan.watches ?? []) {
      const reader = own.reader();
      if (kind in longWatchLoops) longReaders.push(reader);
      watches.push((signal) => watchLoops[kind](reader, signal));
    }
  }
  return { links, calls, watches, longReaders };
}

function callLoops({ writers = 0, readers = 0, compacts = false }: ClientPlan, own: ClientParts): Loop[] {
  const loops: Loop[] = Array.from({ length: writers }, () => {
    const client = own.client();
    return (signal) => runKvTraffic(client, own.random(), signal);
  });
  if (readers > 0) {
    const together = Array.from({ length: readers }, () => own.client());
    loops.push((signal) => runBatchedReads(together, own.random(), signal));
  }
  if (compacts) {
    const client = own.client();
    loops.push((signal) => runCompaction(client, own.random(), signal));
  }
  return loops;
}

/** Makes the sequential clients and readers of one client of the library, each with a history and a seed of its own. */
export class ClientParts {
  readonly #shared: Shared;
  readonly #name: string;
  readonly #etcd: EtcdClient;
  #nextSeed: number;

  constructor(shared: Shared, name: string, etcd: EtcdClient, index: number) {
    this.#shared = shared;
    this.#name = name;
    this.#etcd = etcd;
    this.#nextSeed = shared.seed * 31 + index * 1_000;
  }

  random(): Random {
    return new Random(this.#nextSeed++);
  }

  client(): TrafficClient {
    const { history, recorder, exclusive } = this.#shared;
    const [name, etcd, random] = [this.#name, this.#etcd, this.random()];
    return new TrafficClient({ name, etcd, history: history.client(), recorder, random, exclusive });
  }

  reader(): WatchReader {
    const { history, recorder, watchCounts: counts } = this.#shared;
    const [name, etcd, random] = [this.#name, this.#etcd, this.random()];
    return { name, etcd, history: history.client(), recorder, random, counts, received: 0n };
  }
}
