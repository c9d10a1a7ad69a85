import { duration, number, optionsChecker } from '../../model/index.js';
import type { RememberedLimits } from '../remembered.js';

/**
 * What is kept of services that are followed no longer, such as those of channels that idle. It is shown when a service
 * is followed again and etcd has not answered within a second, and it is what loss protection compares the first list
 * with.
 */
export interface MemoryOptions {
  /**
   * How many services are kept; the one that was left longest ago goes first. Default 1,000: a view takes about half a
   * kilobyte for each endpoint. 0 keeps none.
   */
  readonly maxServices?: number;
  /**
   * How old a view may be when it is shown, in milliseconds since it was last known to be the store's. Default
   * 86,400,000, a day: enough for what is called once a day; addresses that old may belong to other servers by now. 0
   * keeps none.
   */
  readonly maxAgeMs?: number;
}

const dayMs = 86_400_000;

export const memoryInput = optionsChecker<MemoryOptions>({
  maxServices: number(),
  maxAgeMs: duration({ max: Number.MAX_SAFE_INTEGER, allowInfinity: true }), // compared, and not waited for
});

/** The options with their defaults. */
export function toMemoryLimits({
  maxServices = 1_000,
  maxAgeMs = dayMs,
}: MemoryOptions = {}): RememberedLimits {
  return { maxCount: maxServices, maxAgeMs };
}
