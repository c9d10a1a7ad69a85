export type { BalancedEndpoint, EndpointState } from './balanced-endpoint.js';
export { type BalanceOptions, checkBalance, defaultFirstCallWaitMs } from './options.js';
export { type SubsetOptions, selectSubset } from './subset.js';
export { combineTraits, defaultTraits, readTraits, type Traits } from './traits.js';
export { WeightedBalancer } from './weighted-balancer.js';
