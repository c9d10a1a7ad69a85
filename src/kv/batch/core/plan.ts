import { type BatchLimits, PlannedBatch } from './planned-batch.js';
import type { QueuedRead } from './queued-read.js';

/** How the reads of one turn travel. */
export interface ReadPlan<Read extends QueuedRead> {
  readonly batches: readonly PlannedBatch<Read>[];
  /** The reads that are sent as requests of their own. */
  readonly separate: readonly Read[];
}

/** What is known about keys from earlier answers. */
export interface KeyKnowledge {
  /** Whether etcd refused to read the key. */
  isRefused(name: string): boolean;
  /** The bytes that the key-value is expected to take in an answer. */
  expectedBytes(name: string): number;
}

/**
 * Groups reads by consistency and by similar time limits, within the limits of a batch. A read alone in its group, of a
 * refused key or of a key too long or a value too large for a batch, travels on its own.
 */
export function planReads<Read extends QueuedRead>(
  reads: readonly Read[],
  now: number,
  limits: BatchLimits,
  known: KeyKnowledge,
): ReadPlan<Read> {
  const open: PlannedBatch<Read>[] = [];
  const full: PlannedBatch<Read>[] = [];
  const separate: Read[] = [];
  for (const read of reads) {
    if (read.isSettled) continue;
    const timeMs = read.deadline - now;
    const bytes = read.key.length + (read.keysOnly ? 0 : known.expectedBytes(read.name));
    const fits = read.key.length <= limits.keyBytes && bytes <= limits.answerBytes;
    if (timeMs <= 0 || !fits || known.isRefused(read.name)) separate.push(read);
    else addTo(open, full, read, timeMs, bytes, limits);
  }
  const batches: PlannedBatch<Read>[] = [];
  for (const batch of full.concat(open)) {
    if (batch.reads.length > 1) batches.push(batch);
    else separate.push(...batch.reads);
  }
  return { batches, separate };
}

function addTo<Read extends QueuedRead>(
  open: PlannedBatch<Read>[],
  full: PlannedBatch<Read>[],
  read: Read,
  timeMs: number,
  bytes: number,
  limits: BatchLimits,
): void {
  let index = 0;
  while (index < open.length && !open[index]?.suits(read.serializable, timeMs)) index++;
  const batch = open[index];
  if (batch?.add(read, timeMs, bytes, limits)) return;
  if (batch) full.push(batch);
  const next = new PlannedBatch<Read>(read.serializable, timeMs);
  next.add(read, timeMs, bytes, limits);
  open[index] = next;
}
