import type { EtcdError } from '../errors/index.js';
import type { Revision, WatchEvent } from '../model/index.js';

/** Events in revision order. A revision is never split between two batches. */
export interface WatchBatch {
  /** Empty only with the option `progress`. */
  readonly events: readonly WatchEvent[];
  /** The checkpoint to store once the batch is processed: a watch with this `startRevision` continues after it. */
  readonly nextRevision: Revision;
}

/** A batch as this package's own watches receive it. */
export interface InternalWatchBatch extends WatchBatch {
  /** Set when the watch became live here: for the first time, or after an interruption. Only with `resumptions`. */
  readonly resumed?: true;
}

/** How a watch ended. */
export interface WatchEnd {
  /**
   * - `closed`: by its reader or by the client's `close()`;
   * - `aborted`: by the signal;
   * - `compacted`: history that the watch needed is compacted;
   * - `rolled-back`: the store was wiped, restored or replaced;
   * - `failed`: by any other error.
   */
  readonly reason: 'closed' | 'aborted' | 'compacted' | 'rolled-back' | 'failed';
  /** The error that ended the watch; absent when its reader or the signal ended it. */
  readonly error?: EtcdError;
  /** The checkpoint: a new watch from this revision continues here. Undefined when the watch never became ready. */
  readonly nextRevision: Revision | undefined;
}

/**
 * A watch. Iterate it once. Leaving the loop, aborting the signal, or `close()` also cancels it on the server. The loop
 * ends after `close()`, and throws the signal's reason, {ClosedError} when the client closes, or the error that ended the
 * watch.
 */
export interface Watcher extends AsyncIterable<WatchBatch>, AsyncDisposable {
  /**
   * Resolves when etcd has acknowledged the watch, with the store's revision at that time: every later change will be
   * delivered. 0 when the server does not report it, as a grpc-proxy may. Rejects with the error or reason that ended
   * the watch before that.
   */
  readonly ready: Promise<Revision>;
  /** Resolves with how the watch ended; never rejects. */
  readonly closed: Promise<WatchEnd>;
  /** The checkpoint: all revisions below it are consumed. A batch is consumed when the next one is requested. */
  readonly nextRevision: Revision | undefined;
  /**
   * Whether etcd has acknowledged the watch on a stream that is open, as far as the client knows. False while the
   * buffer is full: the watch is then cancelled on the server until its reader has caught up.
   */
  readonly live: boolean;
  /** Ends the watch, also on the server, and drops what is buffered. Idempotent. */
  close(): Promise<void>;
  /** Iterates over the batches, for one reader. @throws {TypeError} the second time. */
  [Symbol.asyncIterator](): AsyncIterator<WatchBatch, undefined>;
}

/** A watcher as this package's own modules use it. */
export interface InternalWatcher extends Watcher, AsyncIterable<InternalWatchBatch> {
  /** When `live` last changed, on the clock of `performance.now()`; undefined while it was never live. */
  readonly liveChangedAt: number | undefined;
  [Symbol.asyncIterator](): AsyncIterator<InternalWatchBatch, undefined>;
}
