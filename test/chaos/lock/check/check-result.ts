import type { LockHistory } from '../history.js';
import type { System } from '../messages.js';

/**
 * The number of a property in the project's catalogue: M of holders, E of observers; `T` is the consistency of the truth
 * itself.
 */
export type PropertyId = `M${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9}` | `E${1 | 2 | 3 | 4}` | 'T';

export interface Violation {
  readonly property: PropertyId;
  readonly system: System;
  readonly text: string;
}

/** The cases that are counted. A run in which a case of ours never occurred has proven nothing about it. */
export const checkedCases = {
  'M1 handovers': 'the former holder does not see `held` as true when its successor does',
  'M2 deleted keys': 'the holder does not see `held` as true after its key was deleted',
  'M3 samples': '`held` stays false, and `signal` is aborted when it is false',
  'M4 tokens': 'grow with each holder, and belong to the oldest key of the queue',
  'M5 writes': 'are applied only while the writer owns the lock',
  'M5 refused writes': 'were not applied',
  'M6 successors': 'learn of their ownership',
  'M6 lost places': 'end or repeat the request',
  'M7 ends': 'leave no key and no lease',
  'M8 processes': 'do not end by themselves',
  'M9 keys deleted by hand': 'are noticed by their holder',
} as const;

/** Only with elections. */
export const observedCases = {
  'E1 leaders': 'are seen in order, and led',
  'E2 absences': 'are seen only when there was no leader, and when it lasts',
  'E3 final leaders': 'are the true ones',
  'E4 observations': 'do not end',
} as const;

export type CheckedCase = keyof typeof checkedCases | keyof typeof observedCases;

/** Checks one property, or a group of them. Pure. */
export type Check = (history: LockHistory) => Findings;

/** Collects the violations of a check, and how often each case occurred by system. */
export class Findings {
  readonly violations: Violation[] = [];
  readonly counts = new Map<System, Map<CheckedCase, number>>();

  count(system: System, name: CheckedCase, times = 1): void {
    const own = this.counts.get(system) ?? new Map<CheckedCase, number>();
    this.counts.set(system, own.set(name, (own.get(name) ?? 0) + times));
  }

  report(system: System, property: PropertyId, text: string): void {
    this.violations.push({ system, property, text });
  }

  countOf(system: System, name: CheckedCase): number {
    return this.counts.get(system)?.get(name) ?? 0;
  }

  add(other: Findings): void {
    this.violations.push(...other.violations);
    for (const [system, own] of other.counts)
      for (const [name, times] of own) this.count(system, name, times);
  }
}
