import type { Truth } from '../../chaos/truth.js';

/** A write and what the client said about it. Its value is written by no other write. */
export interface TracedWrite {
  readonly keys: readonly string[];
  readonly value: string;
  readonly outcome: 'applied' | 'ambiguous' | 'not-applied';
}

/** Describes each write whose outcome contradicts the store's history: lost, applied twice, in part, or although refused. */
export function checkWrites(writes: readonly TracedWrite[], truth: Truth): string[] {
  return writes.flatMap((write) => {
    const problem = problemOf(write, truth);
    return problem === undefined ? [] : [`${write.outcome} write of '${shorten(write.value)}' ${problem}`];
  });
}

function problemOf({ keys, value, outcome }: TracedWrite, truth: Truth): string | undefined {
  const puts = truth.putsOf(value);
  const revisions = new Set(puts.map(({ revision }) => revision));
  if (revisions.size > 1) return `is in ${revisions.size} revisions`;
  if (revisions.size === 0) return outcome === 'applied' ? 'is in no revision' : undefined;
  if (outcome === 'not-applied') return 'was applied';
  const written = puts.map(({ kv }) => kv.key).sort();
  return written.join() === [...keys].sort().join() ? undefined : `changed ${written}`;
}

function shorten(value: string): string {
  return value.length > 40 ? `${value.slice(0, 40)}…` : value;
}
