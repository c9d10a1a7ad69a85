import type { EtcdError } from '../../errors/index.js';
import type { Revision, WatchEvent } from '../../model/index.js';
import type { WatchReply } from './cursor.js';

/** A watcher's name for as long as it lives. The server's watch ids are names on one stream only. */
export type WatcherKey = number;

/** What happens to a session. */
export type WatchInput =
  /** A new watcher. Without a start revision it watches from now, and is pinned first. */
  | { readonly type: 'watch'; readonly watcher: WatcherKey; readonly startRevision: Revision | undefined }
  /** The answer to `pin`: the store's revision, read from the watcher's own range. */
  | { readonly type: 'pinned'; readonly watcher: WatcherKey; readonly revision: Revision }
  | { readonly type: 'pin-failed'; readonly watcher: WatcherKey; readonly error: EtcdError }
  /** Its reader left. */
  | { readonly type: 'unwatch'; readonly watcher: WatcherKey }
  /** Its buffer is full; or has room again. */
  | { readonly type: 'full'; readonly watcher: WatcherKey }
  | { readonly type: 'drained'; readonly watcher: WatcherKey }
  | { readonly type: 'reply'; readonly watchId: bigint; readonly reply: WatchReply }
  | { readonly type: 'stream-lost'; readonly error: EtcdError }
  | { readonly type: 'timer'; readonly timer: TimerName };

/**
 * - `reopen`: the pause before a lost stream is opened again; `repin`: before a failed pin is tried again;
 * - `attach`: how long a create may go unanswered before its stream is given up;
 * - `settled`: a stream alive for so long counts as recovered, delivery or not.
 */
export type TimerName = 'reopen' | 'repin' | 'attach' | 'settled';

/** What is to be done, in this order. */
export type WatchEffect =
  | { readonly type: 'pin'; readonly watcher: WatcherKey }
  | { readonly type: 'open-stream' }
  /** `owing`: the member owes an answer, so the next stream should go elsewhere. */
  | { readonly type: 'close-stream'; readonly owing: boolean }
  | {
      readonly type: 'send-create';
      readonly watcher: WatcherKey;
      readonly watchId: bigint;
      readonly startRevision: Revision;
    }
  | { readonly type: 'send-cancel'; readonly watchId: bigint }
  /**
   * The watcher is live on the server. `revision`: everything after it will be told; so will be what there is from
   * `nextRevision` on, which may lie before it.
   */
  | {
      readonly type: 'ready';
      readonly watcher: WatcherKey;
      readonly revision: Revision;
      readonly nextRevision: Revision;
    }
  | { readonly type: 'deliver'; readonly watcher: WatcherKey; readonly events: readonly WatchEvent[] }
  | { readonly type: 'progress'; readonly watcher: WatcherKey; readonly revision: Revision }
  | { readonly type: 'finish'; readonly watcher: WatcherKey; readonly error: EtcdError }
  | { readonly type: 'arm-timer'; readonly timer: TimerName; readonly delayMs: number }
  | { readonly type: 'disarm-timer'; readonly timer: TimerName };
