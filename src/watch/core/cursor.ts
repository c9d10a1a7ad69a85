import type { Revision, WatchEvent } from '../../model/index.js';

/** What a server says on a watch stream, reduced to what decides. */
export type WatchReply =
  /** The answer to a create. */
  | { readonly kind: 'created'; readonly headerRevision: Revision }
  /** Events, never empty, in revision order. `fragment`: more pieces of this same response follow. */
  | {
      readonly kind: 'events';
      readonly headerRevision: Revision;
      readonly events: readonly WatchEvent[];
      readonly fragment: boolean;
    }
  /** Everything up to the header's revision was sent. */
  | { readonly kind: 'progress'; readonly headerRevision: Revision }
  /** The server let go of a watcher: asked to, or for a reason of its own. */
  | { readonly kind: 'cancelled'; readonly compactRevision: Revision; readonly reason: string }
  /** A create was turned down. The id that comes with it means nothing: some servers give a live watcher's. */
  | { readonly kind: 'refused'; readonly compactRevision: Revision; readonly reason: string };

/**
 * The cursor rule: the revision to ask for next, once `reply` has been received. It moves past what the reply
 * proves and no further, and never back.
 */
export function nextRevision(current: Revision, reply: WatchReply): Revision {
  switch (reply.kind) {
    case 'created': // proves that the watcher exists; the header may be ahead of events still to come
    case 'cancelled':
    case 'refused':
      return current;
    case 'progress':
      return max(current, reply.headerRevision + 1n);
    case 'events': {
      // Not the header's: a catch-up batch stops after 1,000 revisions, its header is already at the store's.
      const last = lastRevision(reply.events);
      return max(current, reply.fragment ? last : last + 1n); // the last revision of a fragment may go on in the next
    }
  }
}

export function lastRevision(events: readonly WatchEvent[]): Revision {
  return events[events.length - 1]?.kv.modRevision ?? 0n;
}

export function max(a: Revision, b: Revision): Revision {
  return a > b ? a : b;
}
