export type { BalancedEndpoint, EndpointState } from './balanced-endpoint.js';
export { type BalanceOptions, checkBalance, defaultFirstCallWaitMs } from './options.js';
export { Subset, type SubsetOptions } from './subset.js';
export { combineTraits, defaultTraits, isSameTraits, readTraits, type Traits } from './traits.js';
export { type BalancerPorts, WeightedBalancer } from './weighted-balancer.js';
