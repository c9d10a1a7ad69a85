import { factsOf, type History } from '../history.js';
import type { Truth } from '../truth.js';
import { believedUntil, leaseStories } from './lease-story.js';

/**
 * How often etcd itself dropped a kept lease before its time, seen by its keys' being deleted: a known fault of old
 * servers (an old leader revokes what the new one has renewed), which no client can make good.
 */
export function earlyExpiries(history: History, truth: Truth): number {
  const stories = new Map(leaseStories(history).map((story) => [story.held.lease, story]));
  const ended = new Set<bigint>();
  for (const { op } of factsOf(history, 'op')) if (op.type === 'revoke') ended.add(op.lease);
  for (const { told, held } of stories.values()) if (told?.reason === 'revoked') ended.add(held.lease);
  const deletes = new Set<string>();
  for (const { op, outcome } of factsOf(history, 'op')) {
    if (op.type === 'delete' && outcome.type !== 'failed') deletes.add(op.key);
  }
  const early = new Set<bigint>();
  for (const { revision, at, events } of truth.revisions) {
    for (const event of events) {
      if (event.type !== 'delete' || deletes.has(event.key)) continue;
      const lease = truth.get(event.key, revision - 1n)?.lease ?? 0n;
      const story = stories.get(lease);
      if (story && !ended.has(lease) && at < believedUntil(story, at)) early.add(lease);
    }
  }
  return early.size;
}
