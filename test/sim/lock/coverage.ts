import { FaultCoverage } from '../coverage.js';
import { type FaultKind, faultKinds } from './schedule.js';

/** What a contender does; `checking`: it reads the queue after a change; `leaving`: its key is being deleted. */
export const states = ['granting', 'joining', 'waiting', 'checking', 'owning', 'leaving'] as const;
export type State = (typeof states)[number];

export class Coverage extends FaultCoverage<FaultKind, State> {
  constructor() {
    super(faultKinds, states);
  }
}
