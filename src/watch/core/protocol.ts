import type { EtcdError } from '../../errors/index.js';
import type { Revision, WatchEvent, WireRange } from '../../model/index.js';
import type { WatchReply } from './cursor.js';

/** A watcher's name for as long as it lives. The server's watch ids are names on one stream only. */
export type WatcherKey = number;

/** A slot's name: the place of one gRPC stream, and of the one that follows when it is lost. */
export type SlotKey = number;

/** Counts the credentials in use: one more with each new token. */
export type TokenGeneration = number;

/** What happens to a session. */
export type WatchInput =
  /**
   * A new watcher. Without a start revision it watches from now, and is pinned first. `knownRevision`: one that the
   * store is known to have had.
   */
  | {
      readonly type: 'watch';
      readonly watcher: WatcherKey;
      readonly range: WireRange;
      readonly startRevision: Revision | undefined;
      readonly knownRevision?: Revision | undefined;
    }
  /** The answer to `read-revision`: the store's, read linearizably from the watcher's own range. */
  | { readonly type: 'revision'; readonly watcher: WatcherKey; readonly revision: Revision }
  | { readonly type: 'revision-failed'; readonly watcher: WatcherKey; readonly error: EtcdError }
  /** Its reader left. */
  | { readonly type: 'unwatch'; readonly watcher: WatcherKey }
  /** Its buffer is full; or has room again. */
  | { readonly type: 'buffer-full'; readonly watcher: WatcherKey }
  | { readonly type: 'buffer-drained'; readonly watcher: WatcherKey }
  | { readonly type: 'reply'; readonly slot: SlotKey; readonly watchId: bigint; readonly reply: WatchReply }
  /** The member at the other end answers requests for progress truthfully. Until this comes none is sent. */
  | { readonly type: 'progress-trusted'; readonly slot: SlotKey }
  /**
   * The release that the member at the other end runs became known, or will not: whether it may lose a delete at the
   * compacted revision; see StartChecks.
   */
  | { readonly type: 'server-version'; readonly slot: SlotKey; readonly losesDeletes: boolean }
  /** The answer to `check-start`, when it is that the revision before the start was compacted. */
  | { readonly type: 'start-compacted'; readonly watcher: WatcherKey; readonly startRevision: Revision }
  | { readonly type: 'stream-lost'; readonly slot: SlotKey; readonly error: EtcdError }
  /** New credentials, asked for or not; the old ones, when asking gave no others; or none to be had. */
  | { readonly type: 'token'; readonly generation: TokenGeneration }
  | { readonly type: 'token-failed'; readonly error: EtcdError }
  /** An answer showed another store than those before. Its revisions are others. */
  | { readonly type: 'store-replaced'; readonly error: EtcdError }
  | { readonly type: 'timer'; readonly timer: TimerName; readonly slot: SlotKey };

/**
 * Of a slot:
 * - `reopen`: the pause before a lost stream is opened again;
 * - `attach`: how long a create may go unanswered before its stream is given up;
 * - `settled`: a stream alive for so long counts as recovered, delivery or not;
 * - `progress`: when to ask how far a quiet stream has come.
 *
 * Of the session, on slot 0: `retry`, the pause before what failed for a single watcher is tried again.
 */
export type TimerName = 'reopen' | 'create-timeout' | 'stable' | 'progress' | 'retry';

/** What is to be done, in this order. */
export type WatchEffect =
  | { readonly type: 'read-revision'; readonly watcher: WatcherKey }
  /** `error`: how the token of that generation was turned down. */
  | { readonly type: 'refresh-token'; readonly generation: TokenGeneration; readonly error: EtcdError }
  | { readonly type: 'open-stream'; readonly slot: SlotKey; readonly generation: TokenGeneration }
  /** `owing`: the member owes an answer, so the next stream should go elsewhere. */
  | { readonly type: 'close-stream'; readonly slot: SlotKey; readonly unresponsive: boolean }
  | {
      readonly type: 'send-create';
      readonly slot: SlotKey;
      readonly watcher: WatcherKey;
      readonly watchId: bigint;
      readonly startRevision: Revision;
    }
  | { readonly type: 'send-cancel'; readonly slot: SlotKey; readonly watchId: bigint }
  /** Find out, by reading inside the watcher's range, whether the revision before that one is compacted. */
  | { readonly type: 'check-start'; readonly watcher: WatcherKey; readonly startRevision: Revision }
  | { readonly type: 'send-progress'; readonly slot: SlotKey }
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
  /** It was live, and is not: its stream is lost, the server let go of it, or its buffer is full. */
  | { readonly type: 'interrupted'; readonly watcher: WatcherKey }
  /** It is live again, from that revision on. Nothing says that the store is still the same one. */
  | { readonly type: 'resumed'; readonly watcher: WatcherKey; readonly fromRevision: Revision }
  | { readonly type: 'deliver'; readonly watcher: WatcherKey; readonly events: readonly WatchEvent[] }
  | { readonly type: 'progress'; readonly watcher: WatcherKey; readonly revision: Revision }
  | { readonly type: 'finish'; readonly watcher: WatcherKey; readonly error: EtcdError }
  | { readonly type: 'status'; readonly status: StreamStatus }
  | {
      readonly type: 'arm-timer';
      readonly timer: TimerName;
      readonly slot: SlotKey;
      readonly delayMs: number;
    }
  | { readonly type: 'disarm-timer'; readonly timer: TimerName; readonly slot: SlotKey };

/** What becomes of the streams, for those who want to know. */
export type StreamStatus =
  /** Events that a server sent a second time, as some of 3.4 and 3.5 do after a snapshot, were kept from the reader. */
  | { readonly type: 'duplicates-dropped'; readonly slot: SlotKey; readonly events: number }
  /** `attempt`: 1 for the first loss since something was delivered, and so on. */
  | {
      readonly type: 'disconnected';
      readonly slot: SlotKey;
      readonly attempt: number;
      readonly error: EtcdError;
    }
  | { readonly type: 'reopening'; readonly slot: SlotKey; readonly attempt: number; readonly delayMs: number }
  /** A watcher that was on the lost stream is acknowledged, on whatever slot it is by now. */
  | {
      readonly type: 'resumed';
      readonly slot: SlotKey;
      readonly watcher: WatcherKey;
      readonly fromRevision: Revision;
    };
