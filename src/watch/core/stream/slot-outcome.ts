import type { EtcdError } from '../../../errors/index.js';
import type { Revision } from '../../../model/index.js';
import type { WatchReply } from '../cursor.js';
import type { TokenGeneration } from '../protocol.js';
import type { WatcherState } from '../watcher/watcher-state.js';

/** The consequence of an input for the watchers of a slot. The slot has updated itself; the session updates the watchers. */
export type SlotOutcome =
  /** The server has acknowledged the watcher. */
  | { readonly kind: 'created'; readonly state: WatcherState; readonly headerRevision: Revision }
  /** A response that does not violate the protocol, for a live watcher. */
  | { readonly kind: 'events'; readonly state: WatcherState; readonly reply: WatchReply & { kind: 'events' } }
  /** Progress of these live watchers, none of which is in the middle of a response. */
  | {
      readonly kind: 'progress';
      readonly states: readonly WatcherState[];
      readonly reply: WatchReply & { kind: 'progress' };
    }
  /** The server has cancelled or refused the watcher, which is no longer on the slot. `generation` is the slot's. */
  | {
      readonly kind: 'cancelled';
      readonly state: WatcherState;
      readonly reply: WatchReply & { kind: 'cancelled' | 'refused' };
      readonly generation: TokenGeneration;
    }
  /**
   * The stream is lost, and the slot's watchers wait for the next one. `created`: those whose create had been sent. The
   * session decides about them, and has the slot pause before it opens the next stream.
   */
  | { readonly kind: 'failed'; readonly error: EtcdError; readonly created: readonly WatcherState[] };
