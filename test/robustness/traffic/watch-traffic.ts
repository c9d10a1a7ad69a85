import { setTimeout as sleep } from 'node:timers/promises';
import {
  CompactedError,
  type EtcdClient,
  EtcdError,
  type WatchBatch,
  type WatchEvent,
  type Watcher,
  type WatchOptions,
} from '#src/index.js';
import type { Random } from '../../sim/random.js';
import type { ClientHistory } from '../history/client-history.js';
import type { WatchRange, WatchRecord } from '../history/watch-record.js';
import { keys, lastKey, prefix } from './keys.js';
import type { Recorder } from './recorder.js';

/** A reader of watches, with a client and a history of its own. */
export interface WatchReader {
  /** As the faults name it. */
  readonly name: string;
  readonly etcd: EtcdClient;
  readonly history: ClientHistory;
  readonly recorder: Recorder;
  readonly random: Random;
  readonly counts: WatchCounts;
  /** The last revision up to which its watch has received everything. */
  received: bigint;
}

/** What the watches of a run amount to. */
export interface WatchCounts {
  watches: number;
  batches: number;
  events: number;
  /** How often a reader left and continued at its checkpoint with another watch. */
  continued: number;
  /** How often the library continued a watch by itself. */
  resumed: number;
  /** Watches that ended because the history they needed was compacted. */
  compacted: number;
  /** The events that watches of each kind received. */
  readonly received: Record<WatchKind, number>;
  /** Updates and deletes that came without the previous value that their watch asked for: it may be compacted. */
  withoutPrevious: number;
  /** Those that came with it. */
  withPrevious: number;
}

export const watchKinds = ['prefix', 'key', 'only put', 'only delete'] as const;
export type WatchKind = (typeof watchKinds)[number];

export function emptyWatchCounts(): WatchCounts {
  return {
    ...{ watches: 0, batches: 0, events: 0, continued: 0, resumed: 0, compacted: 0 },
    ...{ received: { prefix: 0, key: 0, 'only put': 0, 'only delete': 0 } },
    ...{ withoutPrevious: 0, withPrevious: 0 },
  };
}

/** Options that a chain of watches keeps. */
type Kept = Pick<WatchOptions, 'prevKv' | 'only' | 'progress'>;

/** Short watches, one after the other: of the prefix or of one key, from the past, from now or from the future. */
export async function runShortWatches(reader: WatchReader, signal: AbortSignal): Promise<void> {
  const { random, recorder, history } = reader;
  while (!signal.aborted) {
    const range = random.chance(0.7) ? { prefix } : { key: random.pick(keys) };
    const start = recorder.lastRevision + BigInt(random.between(-100, 100));
    const options: WatchOptions = {
      ...drawOptions(random),
      ...(random.chance(0.75) && { startRevision: start < 1n ? 1n : start }),
    };
    const record = history.watch(range, options);
    await readUntil(reader, range, options, [record], signal, random.between(500, 3_000));
    await sleep(random.between(20, 100));
  }
}

/**
 * A reader that leaves every few seconds, in the middle of what it receives, and continues at the checkpoint with
 * another watch. All watches of the chain are one record too, so that nothing may be missing where they meet.
 */
export async function runContinuedWatches(reader: WatchReader, signal: AbortSignal): Promise<void> {
  const { random, history } = reader;
  while (!signal.aborted) {
    const kept = drawOptions(random);
    const range = random.chance(0.8) ? { prefix } : { key: random.pick(keys) };
    const chain = history.watch(range, kept);
    for (let next: bigint | undefined; ; ) {
      const options = { ...kept, ...(next !== undefined && { startRevision: next }) };
      const records = [chain, history.watch(range, options)];
      const end = await readUntil(reader, range, options, records, signal, random.between(1_000, 5_000));
      if (end === undefined || signal.aborted) break;
      next = end;
      reader.counts.continued++;
      await sleep(random.between(0, 500));
    }
  }
}

/** A watch of everything. */
export const runLongWatch = longWatch({ prefix });
/** A watch of puts. */
export const runLongWatchOfPuts = longWatch({ prefix }, { only: 'put' });
/** A watch of the key that is written last: only at the end. */
export const runLongWatchOfKey = longWatch({ key: lastKey });

/** One watch from the first revision on, which must survive every fault; a new one after a compaction. */
function longWatch(range: WatchRange, kept: Pick<Kept, 'only'> = {}) {
  return async (reader: WatchReader, signal: AbortSignal): Promise<void> => {
    let startRevision = 1n;
    while (!signal.aborted) {
      const options = { ...kept, startRevision, prevKv: true, progress: true };
      const record = reader.history.watch(range, options);
      const end = await readUntil(reader, range, options, [record], signal);
      if (end === undefined) startRevision = reader.recorder.lastRevision + 1n;
    }
  };
}

function drawOptions(random: Random): Kept {
  const only = random.weighted([
    [8, undefined],
    [1, 'put' as const],
    [1, 'delete' as const],
  ]);
  return { prevKv: random.chance(0.6), progress: random.chance(0.5), ...(only && { only }) };
}

/**
 * Records a watch until the signal aborts, or for `lastsMs`. Returns the checkpoint behind the last batch; undefined if
 * the watch has none, or ended because its history was compacted.
 */
async function readUntil(
  reader: WatchReader,
  range: WatchRange,
  options: WatchOptions,
  records: readonly WatchRecord[],
  signal: AbortSignal,
  lastsMs?: number,
): Promise<bigint | undefined> {
  reader.counts.watches++;
  const watcher = reader.etcd.watch('prefix' in range ? { prefix: range.prefix } : range.key, options);
  const stay = leaveLater(watcher, signal, lastsMs);
  noteReady(watcher, records);
  let next = options.startRevision;
  try {
    for await (const batch of watcher) {
      for (const record of records) record.batch(batch);
      noteBatch(reader, range, options, batch);
      next = batch.nextRevision;
    }
    return next;
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
    reader.counts.compacted++;
    return undefined;
  } finally {
    stay();
  }
}

/** Closes the watch when the signal aborts, or has aborted, and after `ms`. Returns a function that prevents it. */
function leaveLater(watcher: Watcher, signal: AbortSignal, ms: number | undefined): () => void {
  const leave = () => void watcher.close();
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave);
  const timer = ms === undefined ? undefined : setTimeout(leave, ms);
  return () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', leave);
  };
}

function noteBatch(
  reader: WatchReader,
  range: WatchRange,
  { only, prevKv = false }: WatchOptions,
  { events, nextRevision }: WatchBatch,
): void {
  const { name, recorder, counts } = reader;
  counts.batches++;
  counts.events += events.length;
  counts.received['prefix' in range ? 'prefix' : 'key'] += events.length;
  if (only) counts.received[`only ${only}`] += events.length;
  if (prevKv) notePrevious(counts, events);
  reader.received = nextRevision - 1n;
  recorder.sawRevision(events[events.length - 1]?.kv.modRevision ?? 0n);
  recorder.isActive(name);
}

function notePrevious(counts: WatchCounts, events: readonly WatchEvent[]): void {
  for (const { type, kv, prevKv } of events) {
    const isCreation = type === 'put' && kv.createRevision === kv.modRevision;
    if (prevKv) counts.withPrevious++;
    else if (!isCreation) counts.withoutPrevious++;
  }
}

/** Only the first watch of a chain starts the chain. */
function noteReady(watcher: Watcher, records: readonly WatchRecord[]): void {
  watcher.ready.then(
    (revision) => {
      for (const record of records) if (record.events === 0) record.ready(revision);
    },
    (error: unknown) => {
      if (!(error instanceof EtcdError)) throw error;
    },
  );
}
