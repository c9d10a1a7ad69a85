import type { StoreHistory } from '../history.js';

/** The number of a property in the project's catalogue; `T` is the consistency of the truth itself. */
export type PropertyId = `N${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 10 | 11}` | `R${1 | 2 | 3 | 4 | 5 | 6}` | 'T';

/** A view or a record that violates a property. */
export interface Violation {
  readonly property: PropertyId;
  readonly text: string;
}

/** The cases that are counted. A run in which a case never occurred has proven nothing about it. */
export const checkedCases = {
  'N1 views': 'equals the store at its revision',
  'N2 views': 'is not older than the previous view',
  'N3 deletes': 'are not undone in a later view',
  'N4 convergences': 'no view shows a deleted record',
  'N5 convergences': 'every view equals the store',
  'N6 empty views': 'the store is empty too',
  'N7 protections': 'end in time, and start only for an empty service or after a silence of etcd',
  'N7 unseen losses': 'keep the last records',
  'N8 wipes': 'are reported, by viewer',
  'N8 convergences': 'every view equals the new store',
  'N10 views with invalid records': 'count only these, and show all others',
  'N11 pairs of views': 'differ',
  'N11 unsubscribes': 'are followed by no view',
  'R1 deaths': 'remove the record when its lease expires',
  'R1 convergences': "no stopped registrar's record remains",
  'R2 convergences': "every live registrar's current value is stored",
  'R3 re-registrations': 'use a new lease and the same key',
  'R4 closes': 'are followed by no write',
  'R5 changes of owner': 'happen only after the former record is gone, and with a cause',
  'R5 replaced owners': 'are notified',
  'R6 closes': 'take a bounded time',
  'R6 reachable closes': 'remove the record immediately',
  'R6 unreachable closes': 'remove the record when its lease expires',
} as const;

export type CheckedCase = keyof typeof checkedCases;

export interface CheckResult {
  readonly violations: readonly Violation[];
  /** How often each case occurred. */
  readonly counts: Readonly<Partial<Record<CheckedCase, number>>>;
}

/** Checks one property, or a group of them. Pure. */
export type Check = (history: StoreHistory) => CheckResult;

/** Collects the violations and counts of a check. */
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
