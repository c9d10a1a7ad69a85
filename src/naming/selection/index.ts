export { type SelectionOptions, type Selector, selectionChecks, subsetOf, toSelector } from './options.js';
export { emptyServiceReason, unresolvedReason, unusableCount } from './reasons.js';
export { isSameSelection, type Selection, selectAddresses } from './select-addresses.js';
export { type SelectedAddress, textOf } from './selected-address.js';
