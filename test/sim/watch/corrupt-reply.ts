import type { WatchEvent } from '#src/model/index.js';
import type { WatchReply } from '#src/watch/core/index.js';

export type Events = WatchReply & { readonly kind: 'events' };

const corruptReplies = new WeakSet<WatchReply>();

/** Whether the reply is one that no etcd sends, which the client must detect. */
export function isCorrupt(reply: WatchReply): boolean {
  return corruptReplies.has(reply);
}

/** Makes a reply that no etcd sends from real events; undefined if the events do not suffice. */
export function corruptReply(
  kind: number,
  events: readonly WatchEvent[],
  outside: Buffer,
): Events | undefined {
  const last = events.at(-1);
  if (!last) return undefined;
  const { modRevision } = last.kv;
  const content = [
    () => ({ events: [...events].reverse(), headerRevision: modRevision }),
    () => ({ events: [...events, last], headerRevision: modRevision }),
    () => ({ events, headerRevision: modRevision - 1n }),
    () => ({ events: [{ ...last, kv: { ...last.kv, key: outside } }], headerRevision: modRevision }),
  ][kind % 4]?.();
  const isValid = kind % 4 === 0 && events[0]?.kv.modRevision === modRevision;
  if (!content || isValid || content.headerRevision === 0n) return undefined;
  const reply: Events = { kind: 'events', ...content, fragment: false };
  corruptReplies.add(reply);
  return reply;
}
