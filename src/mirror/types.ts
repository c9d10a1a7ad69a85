import type { KeyValue, Revision } from '../model/index.js';

/**
 * Why a snapshot was yielded.
 * - `initial`: the first one of a loop;
 * - `compacted`: the history that the watch needed was compacted;
 * - `rolled-back`: the store was wiped, restored from a backup or replaced;
 * - `gap`: an event is missing, which happens only with some old releases of etcd.
 */
export type ResyncReason = 'initial' | 'compacted' | 'rolled-back' | 'gap';

/**
 * An update of a mirror. Its maps and sets are keyed by the text of each key, `'café'` for a UTF-8 key: see {@link
 * keyText}.
 */
export type MirrorUpdate =
  | {
      /** All keys of the range, possibly none. It replaces everything yielded before. */
      readonly type: 'snapshot';
      /** Why the mirror listed the range. */
      readonly reason: ResyncReason;
      /** The revision of the list. */
      readonly revision: Revision;
      /** The key-values at that revision. */
      readonly kvs: ReadonlyMap<string, KeyValue>;
    }
  | {
      /** The changes of one or more whole revisions. A key is either put or deleted, never both. */
      readonly type: 'delta';
      /** The revision of `kvs` after this delta. */
      readonly revision: Revision;
      /** The new key-values. */
      readonly puts: ReadonlyMap<string, KeyValue>;
      /** The keys that were deleted. */
      readonly deletes: ReadonlySet<string>;
    };

/** The state of a mirror. */
export interface MirrorStatus {
  /** Whether the watch is live, so that changes are received as they happen. False before the first snapshot. */
  readonly fresh: boolean;
  /** Milliseconds since `fresh` last changed. A lost connection counts from when it is detected. */
  readonly forMs: number;
  /** The revision of the last update yielded; 0 before the first snapshot. */
  readonly revision: Revision;
  /** How often the watch was resumed after its stream was lost or its reader was too slow. */
  readonly reconnects: number;
}

/**
 * A copy of a range in memory: a linearizable list at one revision, followed by a watch from the next revision on. When
 * history is lost or changed, the mirror lists again and yields a new snapshot with the reason. It survives outages of
 * any length; after each, it verifies that the store is still the same. One loop at a time iterates it and updates `kvs`;
 * a later loop starts again. It throws the signal's reason, {ClosedError} when the client closes, and errors that waiting
 * does not fix, such as a missing permission.
 */
export interface Mirror extends AsyncIterable<MirrorUpdate> {
  /**
   * Starts the mirror; the updates are those of {@link MirrorUpdate}. After the loop, a later one starts again with a
   * snapshot whose reason is `initial`.
   * @throws {TypeError} (from the iterator) while another loop has not ended.
   */
  [Symbol.asyncIterator](): AsyncGenerator<MirrorUpdate, undefined>;
  /** The current copy, by the text of each key. Live: it changes with each update that the iteration yields. */
  readonly kvs: ReadonlyMap<string, KeyValue>;
  /** Returns whether the copy is up to date, since when, and at which revision. */
  status(): MirrorStatus;
  /**
   * Resolves when `kvs` includes everything up to the given revision, for example that of a write just made, with the
   * revision of `kvs` at that time. The mirror must be iterated meanwhile. While no events arrive, it reads the store's
   * revision from time to time. It survives outages of any length.
   * @throws the signal's reason, the error of a read that a retry cannot fix, the error that ended the mirror, or
   *   {ClosedError} when the iteration was ended.
   */
  waitForRevision(
    revision: Revision,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<Revision>;
  /**
   * Verifies with a linearizable read that `kvs` is complete, so that a key missing from it does not exist. Resolves
   * with true when `kvs` includes everything the read returned, and with false if the store was replaced by an older
   * one.
   * @throws as {@link waitForRevision}.
   */
  verify(options?: { readonly signal?: AbortSignal | undefined }): Promise<boolean>;
}
