import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EtcdClient, EtcdError } from '../../index.js';
import type { OutputFormat } from '../args/output-format.js';
import type { Target } from '../args/target.js';
import { isUnreachable } from '../errors.js';
import type { Io } from '../output/io.js';
import { reportOutages } from '../views/outages.js';
import { Changes } from './changes.js';
import { LastRecords } from './last-records.js';
import { findLeft, keysLeft } from './left-endpoints.js';
import type { Listing, ReadListing } from './listing.js';
import { createListingView } from './listing-views.js';

/** On a terminal the list is read again after this time, because the remaining times of leases change on their own. */
const refreshMs = 5_000;
/** The shortest pause between two reads. A read that takes longer is followed by a multiple of its own time. */
const [minPauseMs, pauseFactor] = [250, 4];
/** The watch may show a deletion later than the list does. */
const maxEventDelayMs = 1_000;

export interface FollowOptions {
  readonly io: Io;
  readonly format: OutputFormat;
  readonly client: EtcdClient;
  /** The service whose endpoints are listed. Undefined for a list of other things. */
  readonly target?: Target | undefined;
}

/**
 * Prints a list, and prints it again after each change below the prefix until the signal aborts. Changes during a pause
 * are shown together. While etcd is away the last list stays.
 * @throws {EtcdError} for a first read that fails, and later for any error but an outage.
 */
export async function followListing(
  { io, format, client, target }: FollowOptions,
  prefix: string,
  read: ReadListing,
  signal: AbortSignal,
): Promise<void> {
  const isLive = io.stdout.isTTY === true && format !== 'json';
  const timeoutMs = isLive ? refreshMs : undefined;
  let startedAt = performance.now();
  const first = await unlessAborted(read(client), signal);
  if (!first) return;
  let last = first;
  let isCurrent = true;
  const view = createListingView(io, format, isLive, first);
  void reportOutages(client, prefix, view);
  const lastRecords = target && new LastRecords(target);
  const changes = new Changes(client, prefix, first.revision, signal, (events) => lastRecords?.apply(events));
  try {
    for (;;) {
      const pauseMs = Math.max(minPauseMs, pauseFactor * (performance.now() - startedAt));
      await sleep(pauseMs, undefined, { signal });
      if (isCurrent) await changes.after(last.revision, timeoutMs);
      startedAt = performance.now();
      const next = await unlessAborted(read(client).catch(ignoreOutage), signal);
      isCurrent = next !== undefined;
      if (!next) continue;
      await whenDeletionsSeen(changes, lastRecords, last, next);
      const storeReplaced = changes.takeReplacement() || next.revision < last.revision;
      view.show(next, await findLeft(client, last, next, { lastRecords, storeReplaced, signal }));
      if (storeReplaced) lastRecords?.clear();
      else lastRecords?.forget(next.revision);
      last = next;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    view.close();
  }
}

/** Resolves when the last records of the endpoints that left are known. */
async function whenDeletionsSeen(
  changes: Changes,
  lastRecords: LastRecords | undefined,
  before: Listing,
  after: Listing,
): Promise<void> {
  if (!lastRecords || after.revision < before.revision) return;
  const deleted = keysLeft(before, after).filter((key) => !after.invalid?.has(key));
  const isSeen = () => deleted.every((key) => lastRecords.get(key)?.deleted);
  await changes.whenSeen(isSeen, maxEventDelayMs);
}

/** Resolves as the promise does, or with undefined as soon as the signal aborts. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const ending = new AbortController();
  const aborted = once(signal, 'abort', { signal: ending.signal }).then(
    () => undefined,
    () => undefined,
  );
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    ending.abort();
  }
}

/** The client reports the outage itself. */
function ignoreOutage(error: unknown): undefined {
  if (!(error instanceof EtcdError && isUnreachable(error))) throw error;
}
