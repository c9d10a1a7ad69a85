import { ConcurrencyLimit, delay } from '../../async/index.js';
import { CompactedError, EtcdError, RolledBackError } from '../../errors/index.js';
import type { Revision } from '../../model/index.js';
import type { WatchBatch, Watcher } from '../../watch/index.js';
import type { NamingClient } from '../ports.js';
import type { KeyState } from './core/index.js';
import { retryPacer } from './retry.js';

export interface FollowOptions {
  readonly key: string;
  /** The revision at which the key's state is known; what follows is reported. */
  readonly from: Revision;
  /** A revision that the store is known to have had, besides those that were reported: that of a write, for instance. */
  readonly knownRevision?: () => Revision;
  readonly signal: AbortSignal;
  /** Called with each read that failed and is retried. */
  readonly onFailure: (error: EtcdError) => void;
}

/** Reads at a time for one client: a process with a thousand registrations resumes all of them in one moment. */
const maxReads = 16;
const limits = new WeakMap<NamingClient, ConcurrencyLimit>();

/**
 * The states of a key, in the order of their revisions: each event of a watch, and one linearizable read each time the
 * watch is taken up on a stream. The read is what makes it certain: some releases of etcd lose a delete at the
 * compacted revision (etcd#18089, etcd#19179), and a store that was wiped and has passed the revision again looks like
 * the old one to a watch. Compacted history costs nothing here: what happened to the key shows in the key.
 * @throws {RolledBackError}; the signal's own reason; what waiting cannot repair, such as a missing permission.
 */
export async function* followKey(
  client: NamingClient,
  options: FollowOptions,
): AsyncGenerator<KeyState, never> {
  const { from, signal } = options;
  const pacer = retryPacer();
  let seen = from;
  for (;;) {
    try {
      for await (const state of watchAndRead(client, { ...options, from: seen })) {
        if (state.revision < seen) continue; // a read that an event has overtaken
        seen = state.revision;
        yield state;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof CompactedError)) throw error;
    }
    await delay(pacer.nextDelayMs(), signal);
    const state = await readKey(client, { ...options, from: seen });
    seen = state.revision;
    yield state;
  }
}

/** One watch, with a read whenever it is taken up. The events do not wait for the read. */
async function* watchAndRead(
  client: NamingClient,
  options: FollowOptions,
): AsyncGenerator<KeyState, undefined> {
  const { key, from, signal } = options;
  const watcher = client.watch(key, {
    startRevision: from + 1n,
    knownRevision: from,
    resumptions: true,
    signal,
  });
  const batches = watcher[Symbol.asyncIterator]();
  const leaving = new AbortController();
  let read: Promise<KeyState> | undefined;
  try {
    for (let next = nextOf(batches); ; ) {
      const got = await Promise.race(read === undefined ? [next] : [next, read]);
      if ('revision' in got) {
        read = undefined;
        yield got;
        continue;
      }
      if (got.done) return undefined;
      next = nextOf(batches);
      if (got.value.resumed) read = ignoreRejection(readKey(client, { ...options, signal: leaving.signal }));
      for (const { type, kv } of got.value.events) {
        yield { kv: type === 'put' ? kv : undefined, revision: kv.modRevision };
      }
    }
  } finally {
    leaving.abort();
    await watcher.close();
  }
}

/**
 * Reads until it succeeds, however long that takes.
 * @throws {RolledBackError} where the store is below the revision that it is known to have had.
 */
async function readKey(
  client: NamingClient,
  { key, from, knownRevision: known, signal, onFailure }: FollowOptions,
): Promise<KeyState> {
  const limit = limits.get(client) ?? new ConcurrencyLimit(maxReads);
  limits.set(client, limit);
  const pacer = retryPacer();
  for (;;) {
    const written = known?.() ?? 0n; // before the read: what is written during it may be newer
    const least = written > from ? written : from;
    try {
      const { kvs, revision } = await limit.run(() => client.kv.range(key, { signal }), signal);
      if (revision < least) throw new RolledBackError(least, revision);
      return { kv: kvs[0], revision };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof EtcdError) || error.verdict === 'final') throw error;
      onFailure(error);
      await delay(pacer.nextDelayMs(), signal);
    }
  }
}

type Batches = ReturnType<Watcher[typeof Symbol.asyncIterator]>;

function nextOf(batches: Batches): Promise<IteratorResult<WatchBatch, undefined>> {
  return ignoreRejection(batches.next());
}

/** For a promise that may fail after whoever waits for it has left. */
function ignoreRejection<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
