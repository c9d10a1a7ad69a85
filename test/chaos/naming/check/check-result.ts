import type { StoreHistory } from '../history.js';

/** What must hold, by its number in the project's catalogue of promises; `T` is the truth's own. */
export type PropertyId = `N${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 10 | 11}` | `R${1 | 2 | 3 | 4 | 5 | 6}` | 'T';

/** A view, or a record, that breaks a promise. */
export interface Violation {
  readonly property: PropertyId;
  readonly text: string;
}

/** What is looked at, each line of its own: a run in which one was never seen has proven nothing of it. */
export const checkedCases = {
  'N1 views': 'is the store at its revision',
  'N2 views': 'is not older than the one before it',
  'N3 deletes': 'once seen, stay so',
  'N4 mends': 'no view shows what was deleted',
  'N5 mends': 'every view is the store',
  'N6 empty views': 'the store is empty, too',
  'N7 holds': 'end in time, and only what turned empty, or went after a silence, is held',
  'N7 unseen losses': 'are held back',
  'N8 wipes': 'are told, by viewer',
  'N8 mends': 'every view is the new store',
  'N10 views with bad records': 'count just these, and show all others',
  'N11 pairs of views': 'differ',
  'N11 farewells': 'are followed by no view',
  'R1 deaths': "end the record with its lease's time",
  'R1 mends': "no dead one's record stands",
  'R2 mends': "every living one's store value stands",
  'R3 returns': 'under a new lease and the same key',
  'R4 closes': 'are followed by no write',
  'R5 changes of owner': 'only once the record of the former was gone, and with a cause',
  'R5 losers': 'are told',
  'R6 closes': 'take no longer than they may',
  'R6 heard closes': 'end the record at once',
  'R6 unheard closes': "end the record with its lease's time",
} as const;

export type CheckedCase = keyof typeof checkedCases;

export interface CheckResult {
  readonly violations: readonly Violation[];
  /** How often something was looked at. */
  readonly counts: Readonly<Partial<Record<CheckedCase, number>>>;
}

/** One promise, or a family of them. Pure. */
export type Check = (history: StoreHistory) => CheckResult;

/** Collects what a check finds. */
export class Findings implements CheckResult {
  readonly violations: Violation[] = [];
  readonly counts: Partial<Record<CheckedCase, number>> = {};

  count(name: CheckedCase): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }

  report(property: PropertyId, text: string): void {
    this.violations.push({ property, text });
  }
}
