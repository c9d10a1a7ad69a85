import type { WatchEvent } from '#src/model/index.js';
import type { WatchReply } from '#src/watch/core/index.js';

export type Events = WatchReply & { readonly kind: 'events' };

const lies = new WeakSet<WatchReply>();

/** Whether no etcd would send this, and the client must see that. */
export function isLie(reply: WatchReply): boolean {
  return lies.has(reply);
}

/** A response that no etcd sends, made of events that were true once; undefined where they do not suffice. */
export function lieOf(kind: number, events: readonly WatchEvent[], outside: Buffer): Events | undefined {
  const last = events.at(-1);
  if (!last) return undefined;
  const { modRevision } = last.kv;
  const made = [
    () => ({ events: [...events].reverse(), headerRevision: modRevision }),
    () => ({ events: [...events, last], headerRevision: modRevision }),
    () => ({ events, headerRevision: modRevision - 1n }),
    () => ({ events: [{ ...last, kv: { ...last.kv, key: outside } }], headerRevision: modRevision }),
  ][kind % 4]?.();
  const isTrue = kind % 4 === 0 && events[0]?.kv.modRevision === modRevision;
  if (!made || isTrue || made.headerRevision === 0n) return undefined;
  const lie: Events = { kind: 'events', ...made, fragment: false };
  lies.add(lie);
  return lie;
}
