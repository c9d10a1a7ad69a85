import type { Revision, WatchEvent } from '../../model/index.js';

/** A response on a watch stream, reduced to what the core needs. */
export type WatchReply =
  /** The answer to a create. */
  | { readonly kind: 'created'; readonly headerRevision: Revision }
  /** Events, never empty, in revision order. `fragment`: more fragments of this response follow. */
  | {
      readonly kind: 'events';
      readonly headerRevision: Revision;
      readonly events: readonly WatchEvent[];
      readonly fragment: boolean;
    }
  /** The server has sent everything up to the header's revision. */
  | { readonly kind: 'progress'; readonly headerRevision: Revision }
  /** The server has cancelled a watcher, on request or for its own reason. */
  | { readonly kind: 'cancelled'; readonly compactRevision: Revision; readonly reason: string }
  /** A create was refused. Its watch id is meaningless: some servers send the id of a live watcher. */
  | { readonly kind: 'refused'; readonly compactRevision: Revision; readonly reason: string };

/**
 * The cursor rule: the revision at which to continue after `reply`. The cursor moves exactly past what the reply proves
 * to be sent, and never back.
 */
export function nextRevision(current: Revision, reply: WatchReply): Revision {
  switch (reply.kind) {
    case 'created': // the header's revision may be ahead of events that are still to come
    case 'cancelled':
    case 'refused':
      return current;
    case 'progress':
      return max(current, reply.headerRevision + 1n);
    case 'events': {
      // Not the header's revision: a catch-up response ends after 1,000 revisions, with the store's revision as header.
      const last = lastRevision(reply.events);
      return max(current, reply.fragment ? last : last + 1n); // the next fragment may continue the last revision
    }
  }
}

export function lastRevision(events: readonly WatchEvent[]): Revision {
  return events[events.length - 1]?.kv.modRevision ?? 0n;
}

/** Returns the first one if they are equal, so that watchers with the same revision share one bigint. */
export function max(a: Revision, b: Revision): Revision {
  return a >= b ? a : b;
}
