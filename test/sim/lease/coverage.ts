import { FaultCoverage } from '../coverage.js';
import { type FaultKind, faultKinds } from './schedule.js';

/**
 * - `idle`: no renewal is due; `requested`: a renewal is outstanding; `hedged`: one on each of two streams; -
 * `waiting`: its stream was lost during a renewal and is not replaced yet.
 */
export const leaseStates = ['idle', 'requested', 'hedged', 'waiting'] as const;
export type LeaseState = (typeof leaseStates)[number];

/** Counts how often each fault hit a held lease in each state. */
export class Coverage extends FaultCoverage<FaultKind, LeaseState> {
  constructor() {
    super(faultKinds, leaseStates);
  }
}
