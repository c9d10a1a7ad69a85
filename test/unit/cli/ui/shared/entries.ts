import type { TimelineEntry, TimelineEvent } from '#ui/protocol/index.js';

/** Makes entries for tests. */
export function entry(n: number, what: TimelineEvent, service?: string): TimelineEntry {
  return { n, at: n * 1_000, service, what };
}

export function left(id: string, reason?: 'deleted' | 'lease-ended'): TimelineEvent {
  return { type: 'left', key: `pay/${id}`, id, addr: '10.0.0.1:80', revision: '7', reason };
}

export function changed(id: string, path: string, before: string, after: string): TimelineEvent {
  return {
    type: 'changed',
    key: `pay/${id}`,
    id,
    addr: '10.0.0.1:80',
    revision: '8',
    changes: [{ path, before, after }],
  };
}
