import { boolean, int64, optionsChecker, ttl, waitChecks } from '../model/index.js';
import type { CallOptions } from '../wire/index.js';
import type { GrantOptions, TimeToLiveOptions } from './types.js';

export const checkTimeToLive = optionsChecker<TimeToLiveOptions & CallOptions>({
  keys: boolean,
  ...waitChecks,
});
/** The range of the TTL is checked when the request is built. */
export const checkGrantOptions = optionsChecker<GrantOptions>(
  { ttlSeconds: ttl, id: int64(1n), ...waitChecks },
  { required: 'give { ttlSeconds: 10 }' },
);
