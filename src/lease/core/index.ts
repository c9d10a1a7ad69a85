export { KeepAliveCore } from './keep-alive-core.js';
export type {
  CallKey,
  KeepAliveEffect,
  KeepAliveInput,
  LeaseEnd,
  LeaseEndReason,
  OneShotOutcome,
  StreamKey,
} from './protocol.js';
export { heldUntil } from './timing.js';
