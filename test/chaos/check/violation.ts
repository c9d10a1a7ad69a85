import type { Fact, History } from '../history.js';
import type { Truth } from '../truth.js';

/** What must hold, by its number in the project's list of invariants; `T` is the truth's own. */
export type Invariant = `K${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8}` | `L${1 | 2 | 3 | 4 | 5 | 6 | 7}` | 'T';

export interface Violation {
  readonly invariant: Invariant;
  readonly text: string;
  /** The facts that contradict each other, and no others. */
  readonly slice: readonly Fact[];
}

/** One invariant, or a family of them: judges a whole history. Pure. */
export type Check = (history: History, truth: Truth) => Violation[];
