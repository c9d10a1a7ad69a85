import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EtcdClient, EtcdError } from '../../index.js';
import type { OutputFormat } from '../args/output-format.js';
import { isUnreachable } from '../errors.js';
import type { Io } from '../output/io.js';
import { reportOutages } from '../views/outages.js';
import { Changes } from './changes.js';
import { findLeft } from './left-endpoints.js';
import type { ReadListing } from './listing.js';
import { createListingView } from './listing-views.js';

/** On a terminal the list is read again after this time, because the remaining times of leases change on their own. */
const refreshMs = 5_000;
/** The shortest pause between two reads. A read that takes longer is followed by a multiple of its own time. */
const [minPauseMs, pauseFactor] = [250, 4];

/**
 * Prints a list, and prints it again after each change below the prefix until the signal aborts. Changes during a pause
 * are shown together. While etcd is away the last list stays.
 * @throws {EtcdError} for a first read that fails, and later for any error but an outage.
 */
export async function followListing(
  { io, format, client }: { readonly io: Io; readonly format: OutputFormat; readonly client: EtcdClient },
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
  const changes = new Changes(client, prefix, first.revision, signal);
  try {
    for (;;) {
      const pauseMs = Math.max(minPauseMs, pauseFactor * (performance.now() - startedAt));
      await sleep(pauseMs, undefined, { signal });
      if (isCurrent) await changes.after(last.revision, timeoutMs);
      startedAt = performance.now();
      const next = await unlessAborted(read(client).catch(ignoreOutage), signal);
      isCurrent = next !== undefined;
      if (!next) continue;
      const storeReplaced = changes.takeReplacement() || next.revision < last.revision;
      view.show(next, await findLeft(client, last, next, { storeReplaced, signal }));
      last = next;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    view.close();
  }
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
