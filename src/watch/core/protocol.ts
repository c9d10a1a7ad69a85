import type { InterruptionCause } from '../../diagnostics/topics/watch.js';
import type { EtcdError } from '../../errors/index.js';
import type { Revision, WatchEvent, WireRange } from '../../model/index.js';
import type { WatchReply } from './cursor.js';

/** Identifies a watcher for its lifetime. The server's watch ids are valid on one stream only. */
export type WatcherKey = number;

/** Identifies a slot: one gRPC stream and its successors after a loss. */
export type SlotKey = number;

/** The number of the current token: each new one increments it. */
export type TokenGeneration = number;

/** An input of a session. */
export type WatchInput =
  /**
   * A new watcher. Without a start revision it watches from now on, for which it is pinned first. `knownRevision`: a
   * revision that the store is known to have reached.
   */
  | {
      readonly type: 'watch';
      readonly watcher: WatcherKey;
      readonly range: WireRange;
      readonly startRevision: Revision | undefined;
      readonly knownRevision?: Revision | undefined;
    }
  | WatcherInput
  | SlotInput
  /** The read of `schedule-pin-read` is sent now: it serves the watchers that were requested before this input. */
  | { readonly type: 'pin-read-due' }
  /** The answer to `read-pin`: the store's revision, from a linearizable read. */
  | { readonly type: 'pin-read'; readonly revision: Revision }
  | { readonly type: 'pin-read-failed'; readonly error: EtcdError }
  /** A new token, requested or not; or the number of the old one when a request returned no other. */
  | { readonly type: 'token'; readonly generation: TokenGeneration }
  /** No token could be obtained. */
  | { readonly type: 'token-failed'; readonly error: EtcdError }
  /** The store was replaced: an answer came from another cluster. Revisions of the old store mean nothing there. */
  | { readonly type: 'store-replaced'; readonly error: EtcdError }
  | { readonly type: 'timer'; readonly timer: TimerName; readonly slot: SlotKey };

/** An input for one watcher. It is ignored when the watcher has ended. */
export type WatcherInput =
  /** The answer to `read-revision`: the store's revision, from a linearizable read in the watcher's range. */
  | { readonly type: 'revision'; readonly watcher: WatcherKey; readonly revision: Revision }
  | { readonly type: 'revision-failed'; readonly watcher: WatcherKey; readonly error: EtcdError }
  /** The watcher's reader has left. */
  | { readonly type: 'unwatch'; readonly watcher: WatcherKey }
  /** The watcher's buffer is full, or has space again. */
  | { readonly type: 'buffer-full'; readonly watcher: WatcherKey }
  | { readonly type: 'buffer-drained'; readonly watcher: WatcherKey }
  /** The answer to `check-start` when the revision before the start is compacted. No other answer is reported. */
  | { readonly type: 'start-compacted'; readonly watcher: WatcherKey; readonly startRevision: Revision };

/** An input for one slot. It is ignored when the slot has ended. */
export type SlotInput =
  | { readonly type: 'reply'; readonly slot: SlotKey; readonly watchId: bigint; readonly reply: WatchReply }
  | { readonly type: 'stream-lost'; readonly slot: SlotKey; readonly error: EtcdError }
  /** The slot's member answers progress requests reliably. None is sent before this input. */
  | { readonly type: 'progress-trusted'; readonly slot: SlotKey }
  /**
   * The version of the slot's member is known, or known to be unavailable. `losesDeletes`: whether it may lose a delete
   * at the compacted revision; see StartChecks.
   */
  | { readonly type: 'server-version'; readonly slot: SlotKey; readonly losesDeletes: boolean };

/**
 * Timers of a slot:
 * - `reopen`: the pause before a lost stream is opened again;
 * - `create-timeout`: how long a create may be unanswered before its stream is closed;
 * - `stable`: how long a stream must be open to count as recovered, even if it delivers nothing;
 * - `progress`: when to request the progress of the stream's watchers.
 *
 * Timer of the session, on slot 0: `retry`, the pause before failed watchers are tried again.
 */
export type TimerName = 'reopen' | 'create-timeout' | 'stable' | 'progress' | 'retry';

/** An output of a session. The driver performs the effects in order. */
export type WatchEffect =
  /** Return `pin-read-due` once the caller of `watch()` has finished its synchronous work, which may request more. */
  | { readonly type: 'schedule-pin-read' }
  /** Read the store's revision with the first key of that watcher's range. Performed even if the watcher has left. */
  | { readonly type: 'read-pin'; readonly watcher: WatcherKey; readonly range: WireRange }
  /** Read the store's revision with the first key of the watcher's range, for a rollback check. */
  | { readonly type: 'read-revision'; readonly watcher: WatcherKey }
  /** Request a new token. `error`: why the token of that generation was refused. */
  | { readonly type: 'refresh-token'; readonly generation: TokenGeneration; readonly error: EtcdError }
  | { readonly type: 'open-stream'; readonly slot: SlotKey; readonly generation: TokenGeneration }
  /** `unresponsive`: the member has not answered, so the next stream should go to another one. */
  | { readonly type: 'close-stream'; readonly slot: SlotKey; readonly unresponsive: boolean }
  | {
      readonly type: 'send-create';
      readonly slot: SlotKey;
      readonly watcher: WatcherKey;
      readonly watchId: bigint;
      readonly startRevision: Revision;
      /** Whether the server may send a large response in fragments; see StreamFailures. */
      readonly fragments: boolean;
    }
  | { readonly type: 'send-cancel'; readonly slot: SlotKey; readonly watchId: bigint }
  /** Determine, by a read in the watcher's range, whether the revision before `startRevision` is compacted. */
  | { readonly type: 'check-start'; readonly watcher: WatcherKey; readonly startRevision: Revision }
  | { readonly type: 'send-progress'; readonly slot: SlotKey }
  /** Send a create that the server refuses, to learn whether it answers. */
  | { readonly type: 'send-probe'; readonly slot: SlotKey; readonly watchId: bigint }
  /**
   * The watcher is live for the first time. Everything after `revision` will be delivered, and so will the history from
   * `nextRevision` on, which may be lower.
   */
  | {
      readonly type: 'ready';
      readonly watcher: WatcherKey;
      readonly revision: Revision;
      readonly nextRevision: Revision;
    }
  /** The watcher is no longer live: its stream is lost, the server has cancelled it, or its buffer is full. */
  | { readonly type: 'interrupted'; readonly watcher: WatcherKey }
  /**
   * The watcher is live again, from that revision on. This does not prove that the store is still the same one. `cause`:
   * why it was not live.
   */
  | {
      readonly type: 'resumed';
      readonly watcher: WatcherKey;
      readonly fromRevision: Revision;
      readonly cause: InterruptionCause;
    }
  /** A watcher on a dedicated stream has received the history up to this revision, and joins the shared stream. */
  | { readonly type: 'caught-up'; readonly watcher: WatcherKey; readonly revision: Revision }
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

/** An event of the streams, for diagnostics. */
export type StreamStatus =
  /** Events that the server sent again, as some 3.4 and 3.5 releases do after a snapshot, were not delivered. */
  | { readonly type: 'duplicates-dropped'; readonly slot: SlotKey; readonly events: number }
  /**
   * `attempt`: how many streams were lost in a row without a delivery, this one included. `delayMs`: the pause before the
   * next one, as in `reopening`.
   */
  | {
      readonly type: 'disconnected';
      readonly slot: SlotKey;
      readonly attempt: number;
      readonly delayMs: number;
      readonly error: EtcdError;
    }
  | { readonly type: 'reopening'; readonly slot: SlotKey; readonly attempt: number; readonly delayMs: number }
  /** A watcher of a lost stream is acknowledged again, on this or another slot. */
  | {
      readonly type: 'resumed';
      readonly slot: SlotKey;
      readonly watcher: WatcherKey;
      readonly fromRevision: Revision;
    };
