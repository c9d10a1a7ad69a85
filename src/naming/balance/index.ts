export { Balance } from './balance.js';
export { type BalanceOptions, balanceInput, defaultFirstCallWaitMs } from './options.js';
export type { Seat, SeatState } from './seat.js';
export { type SubsetOptions, subsetOf } from './subset.js';
export { plainTraits, sharedTraits, type Traits, traitsOf } from './traits.js';
