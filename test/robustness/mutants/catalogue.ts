/** A change of one text of a compiled module, which contains it exactly once. */
export interface Patch {
  /** Relative to `build/src`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A broken client. */
export interface Mutant {
  readonly what: string;
  /** The validator that must catch it, as the judge names it. */
  readonly expected: string;
  readonly patch: Patch;
  /** The faults that make the mistake visible; all others are left out. */
  readonly faults: readonly string[];
}

export const mutantNames = ['cursor', 'resend', 'split'] as const;
export type MutantName = (typeof mutantNames)[number];

export const mutants: Readonly<Record<MutantName, Mutant>> = {
  cursor: {
    what: 'a watch continues one revision too late after its stream was lost',
    expected: 'reliable',
    patch: {
      file: 'watch/core/cursor.js',
      from: 'reply.fragment ? last : last + 1n',
      to: 'reply.fragment ? last : last + 2n',
    },
    faults: ['reset', 'reset-at-answer', 'refuse', 'kill-follower'],
  },
  resend: {
    what: 'a write is sent again although the first one may have been applied',
    expected: 'linearization',
    patch: {
      file: 'wire/call/retry-rule.js',
      from: "return idempotency !== 'write' && !isPersistent(error);",
      to: 'return !isPersistent(error);',
    },
    faults: ['drop-answers', 'reset', 'reset-at-answer', 'kill-leader'],
  },
  split: {
    what: 'the events of one revision are delivered in several batches',
    expected: 'atomic',
    patch: {
      file: 'watch/buffered-watcher.js',
      from: 'deliver: (watcher, events) => watcher.#deliver(events)',
      to: 'deliver: (watcher, events) => events.forEach((event) => watcher.#deliver([event]))',
    },
    faults: ['reset', 'move-leader'],
  },
};
