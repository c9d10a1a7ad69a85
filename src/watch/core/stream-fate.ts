import { Code, type EtcdError } from '../../errors/index.js';

/**
 * Whether watchers live on after their stream ended so: nearly always. Codes alone do not tell: RESOURCE_EXHAUSTED
 * is also a GOAWAY for too many pings, CANCELLED also a member that stopped, UNKNOWN also a lessor that moved.
 */
export function survives(error: EtcdError): boolean {
  switch (error.code) {
    case Code.PERMISSION_DENIED:
    case Code.UNAUTHENTICATED:
    case Code.UNIMPLEMENTED:
    case Code.INVALID_ARGUMENT:
    case Code.OUT_OF_RANGE:
    case Code.DATA_LOSS:
      return false;
    case Code.RESOURCE_EXHAUSTED:
      return !/larger than max/i.test(error.message);
    default:
      return true;
  }
}
