import { type FaultKind, faultKinds } from './schedule.js';

/**
 * - `resting`: nothing is due; `asked`: a renewal is unanswered; `hedged`: one on each of two streams;
 * - `waiting`: its stream was lost under a renewal, and there is no other yet.
 */
export const leaseStates = ['resting', 'asked', 'hedged', 'waiting'] as const;
export type LeaseState = (typeof leaseStates)[number];

/** How often each fault met a kept lease in each state. */
export class Coverage {
  readonly hits: Record<string, number> = {};

  hit(fault: FaultKind, states: Iterable<LeaseState>): void {
    for (const state of states) {
      const cell = `${fault} ${state}`;
      this.hits[cell] = (this.hits[cell] ?? 0) + 1;
    }
  }

  add(hits: Readonly<Record<string, number>>): void {
    for (const [cell, count] of Object.entries(hits)) this.hits[cell] = (this.hits[cell] ?? 0) + count;
  }

  get empty(): string[] {
    return faultKinds
      .flatMap((fault) => leaseStates.map((state) => `${fault} ${state}`))
      .filter((cell) => !this.hits[cell]);
  }

  table(): string {
    const width = Math.max(...faultKinds.map((fault) => fault.length)) + 2;
    const row = (name: string, values: readonly string[]) =>
      name.padEnd(width) + values.map((value) => value.padStart(10)).join('');
    return [
      row('', leaseStates),
      ...faultKinds.map((fault) =>
        row(
          fault,
          leaseStates.map((state) => String(this.hits[`${fault} ${state}`] ?? 0)),
        ),
      ),
    ].join('\n');
  }
}
