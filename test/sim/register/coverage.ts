import { FaultCoverage } from '../coverage.js';
import { type FaultKind, faultKinds } from './schedule.js';

/** As the registration reports itself; `updating`: registered, and a call waits for its change to be stored. */
export const states = [
  'registering',
  'registered',
  'updating',
  'outdated',
  'waiting',
  'draining',
  'closed',
] as const;
export type State = (typeof states)[number];

export class Coverage extends FaultCoverage<FaultKind, State> {
  constructor() {
    super(faultKinds, states);
  }
}
