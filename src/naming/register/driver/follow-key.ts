import { ConcurrencyLimit, delay } from '../../../async/index.js';
import { CompactedError, EtcdError, RolledBackError } from '../../../errors/index.js';
import type { Revision } from '../../../model/index.js';
import type { InternalWatchBatch, InternalWatchOptions } from '../../../watch/index.js';
import type { NamingClient } from '../../ports.js';
import type { KeyState } from '../core/index.js';
import { retryPacer } from './retry.js';

export interface FollowOptions {
  readonly key: string;
  /** The revision at which the key's state is known. Later states are reported. */
  readonly from: Revision;
  /** A revision that the store is known to have reached, besides the reported ones, such as that of a write. */
  readonly knownRevision?: () => Revision;
  readonly signal: AbortSignal;
  /** Called with the error of each read that is retried. */
  readonly onFailure: (error: EtcdError) => void;
}

/** Concurrent reads per client: after a reconnect all registrations of a process read at the same time. */
const maxReads = 16;
const limits = new WeakMap<NamingClient, ConcurrencyLimit>();

/**
 * Yields the states of a key in revision order: each event of a watch, and a linearizable read each time the watch is
 * created on a stream. The read is needed because a watch cannot detect a wiped store that has passed the old revision,
 * and because some releases lose a delete (see StartChecks of the watch core). After a compaction the read shows the
 * current state, so no error is reported.
 * @throws {RolledBackError} if the store went back; a final error, such as a missing permission; the signal's reason.
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
        if (state.revision < seen) continue; // a read that finished after a newer event
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

/** One watch, with a read whenever it is created on a stream. Events do not wait for the read. */
async function* watchAndRead(
  client: NamingClient,
  options: FollowOptions,
): AsyncGenerator<KeyState, undefined> {
  const { key, from, signal } = options;
  const watchOptions: InternalWatchOptions = {
    startRevision: from + 1n,
    knownRevision: from,
    resumptions: true,
    signal,
  };
  const watcher = client.watch(key, watchOptions);
  const batches: Batches = watcher[Symbol.asyncIterator]();
  const leaving = new AbortController();
  let read: Promise<KeyState> | undefined;
  try {
    for (let next = nextOf(batches); ; ) {
      const result = await Promise.race(read === undefined ? [next] : [next, read]);
      if ('revision' in result) {
        read = undefined;
        yield result;
        continue;
      }
      if (result.done) return undefined;
      next = nextOf(batches);
      if (result.value.resumed)
        read = ignoreRejection(readKey(client, { ...options, signal: leaving.signal }));
      for (const { type, kv } of result.value.events) {
        yield { kv: type === 'put' ? kv : undefined, revision: kv.modRevision };
      }
    }
  } finally {
    leaving.abort();
    await watcher.close();
  }
}

/**
 * Reads the key, and retries without a time limit.
 * @throws {RolledBackError} if the store's revision is below one that it is known to have reached.
 */
async function readKey(
  client: NamingClient,
  { key, from, knownRevision, signal, onFailure }: FollowOptions,
): Promise<KeyState> {
  const limit = limits.get(client) ?? new ConcurrencyLimit(maxReads);
  limits.set(client, limit);
  const pacer = retryPacer();
  for (;;) {
    const written = knownRevision?.() ?? 0n; // before the read: a concurrent write may be newer
    const minRevision = written > from ? written : from;
    try {
      const { kvs, revision } = await limit.run(() => client.kv.range(key, { signal }), signal);
      if (revision < minRevision) throw new RolledBackError(minRevision, revision);
      return { kv: kvs[0], revision };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof EtcdError) || error.verdict === 'final') throw error;
      onFailure(error);
      await delay(pacer.nextDelayMs(), signal);
    }
  }
}

type Batches = AsyncIterator<InternalWatchBatch, undefined>;

function nextOf(batches: Batches): Promise<IteratorResult<InternalWatchBatch, undefined>> {
  return ignoreRejection(batches.next());
}

/** Prevents an unhandled rejection of a promise that nothing may await any more. */
function ignoreRejection<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
