import { duration, number, optionsChecker } from '../../model/index.js';
import type { CacheLimits } from '../expiring-cache.js';

/**
 * The limits of the views that are remembered for services without subscribers, such as those of idle channels. A
 * remembered view is shown when the service is followed again and etcd has not answered within a second. Loss protection
 * compares the first list with it.
 */
export interface MemoryOptions {
  /**
   * The maximum number of remembered services; the service that lost its last subscriber first is dropped first. Default
   * 1,000: a view takes about half a kilobyte for each endpoint. 0 disables the memory.
   */
  readonly maxServices?: number;
  /**
   * The maximum age of a view, in milliseconds since it was last known to be current. Default 86,400,000, a day: long
   * enough for services that are called once a day; older addresses may belong to other servers by now. 0 disables the
   * memory; `Infinity` is allowed.
   */
  readonly maxAgeMs?: number;
}

const dayMs = 86_400_000;

export const checkMemory = optionsChecker<MemoryOptions>({
  maxServices: number(),
  maxAgeMs: duration({ max: Number.MAX_SAFE_INTEGER, allowInfinity: true }), // only compared; no timer waits for it
});

/** Applies the defaults. */
export function toMemoryLimits({ maxServices = 1_000, maxAgeMs = dayMs }: MemoryOptions = {}): CacheLimits {
  return { maxCount: maxServices, maxAgeMs };
}
