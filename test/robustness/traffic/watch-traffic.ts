import { setTimeout as sleep } from 'node:timers/promises';
import { CompactedError, type EtcdClient, EtcdError, type Watcher, type WatchOptions } from '#src/index.js';
import type { Random } from '../../sim/random.js';
import type { ClientHistory } from '../history/client-history.js';
import type { WatchRange, WatchRecord } from '../history/watch-record.js';
import { keys, prefix } from './keys.js';
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
  /** The last revision that its watch of everything has received. */
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
    await readUntil(reader, range, options, [record], soon(random, 500, 3_000, signal));
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
      const end = await readUntil(reader, range, options, records, soon(random, 1_000, 5_000, signal));
      if (end === undefined || signal.aborted) break;
      next = end;
      reader.counts.continued++;
      await sleep(random.between(0, 500));
    }
  }
}

/** One watch of everything from the first revision on, which must survive every fault; a new one after a compaction. */
export async function runLongWatch(reader: WatchReader, signal: AbortSignal): Promise<void> {
  let startRevision = 1n;
  while (!signal.aborted) {
    const options = { startRevision, prevKv: true, progress: true };
    const record = reader.history.watch({ prefix }, options);
    const end = await readUntil(reader, { prefix }, options, [record], signal);
    if (end === undefined) startRevision = reader.recorder.lastRevision + 1n;
  }
}

function drawOptions(random: Random): Kept {
  const only = random.weighted([
    [8, undefined],
    [1, 'put' as const],
    [1, 'delete' as const],
  ]);
  return { prevKv: random.chance(0.6), progress: random.chance(0.5), ...(only && { only }) };
}

function soon(random: Random, leastMs: number, mostMs: number, signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(random.between(leastMs, mostMs))]);
}

/**
 * Records a watch until the signal aborts. Returns the checkpoint behind the last batch; undefined if the watch has none,
 * or ended because its history was compacted.
 */
async function readUntil(
  reader: WatchReader,
  range: WatchRange,
  options: WatchOptions,
  records: readonly WatchRecord[],
  signal: AbortSignal,
): Promise<bigint | undefined> {
  const { name, etcd, recorder, counts } = reader;
  counts.watches++;
  const watcher = etcd.watch('prefix' in range ? { prefix: range.prefix } : range.key, options);
  const leave = () => void watcher.close();
  signal.addEventListener('abort', leave, { once: true });
  noteReady(watcher, records);
  let next = options.startRevision;
  try {
    for await (const batch of watcher) {
      for (const record of records) record.batch(batch);
      counts.batches++;
      counts.events += batch.events.length;
      next = batch.nextRevision;
      reader.received = next - 1n;
      recorder.sawRevision(batch.events[batch.events.length - 1]?.kv.modRevision ?? 0n);
      recorder.isActive(name);
      if (signal.aborted) break;
    }
    return next;
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
    counts.compacted++;
    return undefined;
  } finally {
    signal.removeEventListener('abort', leave);
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
