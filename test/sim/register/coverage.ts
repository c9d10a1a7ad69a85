import { FaultCoverage } from '../coverage.js';
import { type FaultKind, faultKinds } from './schedule.js';

/** The registration's own state; `updating`: registered, with an update that is not stored yet. */
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
