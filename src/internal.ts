/** Exports for the command. The package has no entry point for this file, so users cannot depend on them. */
export {
  type Clock,
  Coalescer,
  ConcurrencyLimit,
  ElapsedClock,
  MovableTimer,
  raceAbort,
  retryLoop,
  sharedAbortController,
  systemClock,
  withTimeoutSignal,
} from './async/index.js';
export { describeSessionError, escapeControls, isFromOtherServer } from './errors/index.js';
export { type Change, provesNotApplied } from './kv/index.js';
export { freshnessOption, retainOption } from './mirror/index.js';
export {
  bytesToJson,
  canonicalHost,
  describeAccess,
  hostProblem,
  isLoopback,
  isOwnHost,
  isWildcard,
  toWireRange,
} from './model/index.js';
export {
  addressId,
  addressProblem,
  type DepartureCircumstances,
  ExpiringCache,
  isRounded,
  leaseLookupsOf,
  type ParsedAddress,
  parseAddress,
  parseTarget,
  type RecordFormat,
  reasonByLease,
  reasonWithoutLease,
  recordFormat,
  registrationId,
  sameJson,
} from './naming/index.js';
