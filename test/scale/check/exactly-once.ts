/**
 * Compares the revisions of the events that a watch delivered with those that etcd has written, where each write was
 * one event: all after `from` up to and including `to`, in order and once. Returns what is wrong.
 */
export function exactlyOnce(
  who: string,
  revisions: readonly bigint[],
  from: bigint,
  to: bigint,
): string | undefined {
  let expected = from + 1n;
  for (const revision of revisions) {
    if (revision < expected) return `${who}: revision ${revision} again, or after ${expected - 1n}`;
    if (revision > expected) return `${who}: revision ${expected} is missing before ${revision}`;
    expected++;
  }
  return expected === to + 1n ? undefined : `${who}: ended at ${expected - 1n} of ${to}`;
}
