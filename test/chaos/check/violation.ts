import type { Fact, History } from '../history.js';
import type { Truth } from '../truth.js';

/** The number of an invariant in the project's list; `T` is the consistency of the truth itself. */
export type Invariant = `K${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9}` | `L${1 | 2 | 3 | 4 | 5 | 6 | 7}` | 'T';

export interface Violation {
  readonly invariant: Invariant;
  readonly text: string;
  /** Only the facts that contradict each other. */
  readonly slice: readonly Fact[];
}

/** Checks one invariant, or a group of them, over a whole history. Pure. */
export type Check = (history: History, truth: Truth) => Violation[];
