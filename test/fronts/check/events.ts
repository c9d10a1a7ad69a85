import type { Truth } from '../../chaos/truth.js';

/** The events of keys with a prefix from a revision on, each as a line. */
export function trueEvents(truth: Truth, prefix: string, from: bigint): string[] {
  return truth.revisions.flatMap(({ revision, events }) =>
    events.flatMap((event) => {
      const key = event.type === 'put' ? event.kv.key : event.key;
      if (revision < from || !key.startsWith(prefix)) return [];
      return [eventLine(revision, key, event.type === 'put' ? event.kv.value : undefined)];
    }),
  );
}

/** @param value Undefined for a delete. */
export function eventLine(revision: bigint, key: string, value: string | undefined): string {
  return `${revision} ${key} ${value ?? '(deleted)'}`;
}

/** Describes the first difference between what a watch delivered and what happened; undefined if there is none. */
export function checkEvents(seen: readonly string[], expected: readonly string[]): string | undefined {
  const count = Math.max(seen.length, expected.length);
  for (let i = 0; i < count; i++)
    if (seen[i] !== expected[i])
      return `event ${i + 1} of a watch is ${shorten(seen[i])} instead of ${shorten(expected[i])}`;
  return undefined;
}

function shorten(line: string | undefined): string {
  return line === undefined ? 'missing' : `'${line.slice(0, 60)}'`;
}
