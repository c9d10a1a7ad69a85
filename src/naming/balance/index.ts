export { Balance, type BalanceOptions, type Seat } from './balance.js';
export { type SubsetOptions, subsetOf } from './subset.js';
export { plainTraits, type Traits, traitsOf } from './traits.js';
