import { FaultCoverage } from '../coverage.js';
import { type FaultKind, faultKinds } from './schedule.js';

/**
 * - `resting`: nothing is due; `asked`: a renewal is unanswered; `hedged`: one on each of two streams;
 * - `waiting`: its stream was lost under a renewal, and there is no other yet.
 */
export const leaseStates = ['resting', 'asked', 'hedged', 'waiting'] as const;
export type LeaseState = (typeof leaseStates)[number];

/** How often each fault met a kept lease in each state. */
export class Coverage extends FaultCoverage<FaultKind, LeaseState> {
  constructor() {
    super(faultKinds, leaseStates);
  }
}
