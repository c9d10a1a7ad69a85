export { Balance, type BalanceOptions, type Seat } from './balance.js';
export { type SubsetOptions, subsetOf } from './subset.js';
export { plainTraits, sharedTraits, type Traits, traitsOf } from './traits.js';
