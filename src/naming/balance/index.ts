export { Balance } from './balance.js';
export type { BalancedEndpoint, SeatState } from './balanced-endpoint.js';
export { type BalanceOptions, balanceInput, defaultFirstCallWaitMs } from './options.js';
export { type SubsetOptions, subsetOf } from './subset.js';
export { plainTraits, sharedTraits, type Traits, traitsOf } from './traits.js';
