import type { WatchResponse } from '../wire/index.js';
import type { WatchReply } from './core/index.js';

/** Converts a response for the core. */
export function toReply(response: WatchResponse): WatchReply {
  const headerRevision = response.header?.revision ?? 0n;
  const { compactRevision, cancelReason: reason } = response;
  if (response.created && response.canceled) return { kind: 'refused', compactRevision, reason };
  if (response.created)
    return { kind: 'created', headerRevision: isFromMember(response) ? headerRevision : 0n };
  // Workaround (etcd 3.2; https://github.com/etcd-io/etcd/issues/8231): old servers report a compaction without setting
  // `canceled`. Remove when no proxy or compatible server does.
  if (response.canceled || compactRevision > 0n) return { kind: 'cancelled', compactRevision, reason };
  if (response.events.length === 0) return { kind: 'progress', headerRevision };
  return { kind: 'events', headerRevision, events: response.events, fragment: response.fragment };
}

/**
 * Whether a member of the cluster wrote the header.
 *
 * Workaround (grpc-proxy of etcd 3.4 to 3.7; no public issue found, watch one key twice through a proxy): a proxy that
 * adds a watch to another one answers on its own, with the requested revision, which the store may not have yet. Remove
 * when the proxy passes on a member's header.
 */
function isFromMember({ header }: WatchResponse): boolean {
  return header !== undefined && header.memberId !== 0n;
}
