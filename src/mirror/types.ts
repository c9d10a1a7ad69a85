import type { KeyValue, Revision } from '../model/index.js';
import type { MirrorStatus, MirrorUpdate } from './mirror.js';

/**
 * A copy of a range in memory: a linearizable list at one revision, followed by a watch from the next revision on. When
 * history is lost or changed, the mirror lists again and yields a new snapshot with the reason. It survives outages of
 * any length; after each, it verifies that the store is still the same. Can be iterated once; the iteration updates
 * `kvs`. It throws only for errors that waiting does not fix, such as a missing permission.
 */
export interface Mirror extends AsyncIterable<MirrorUpdate> {
  /** The current copy, by the text of each key. Live: it changes with each update that the iteration yields. */
  readonly kvs: ReadonlyMap<string, KeyValue>;
  /** Returns whether the copy is up to date, since when, and at which revision. */
  status(): MirrorStatus;
  /**
   * Resolves when `kvs` includes everything up to the given revision, for example that of a write just made, with the
   * revision of `kvs` at that time. Requires that the mirror is being iterated. Without events, it reads the store's
   * revision now and then.
   * @throws the signal's own reason, a final error of a read, the error that ended the mirror, or {ClosedError} if the
   *   iteration was left.
   */
  waitForRevision(
    revision: Revision,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<Revision>;
  /**
   * Verifies with a linearizable read that `kvs` is complete, so that a key missing from it does not exist. Resolves with
   * true when `kvs` includes everything the read returned, and with false if the store was replaced by an older one.
   * @throws as {@link waitForRevision}.
   */
  verify(options?: { readonly signal?: AbortSignal | undefined }): Promise<boolean>;
}
