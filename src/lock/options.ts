import { boolean, optionsChecker, ttl, waitChecks } from '../model/index.js';
import type { LockOptions, TryLockOptions } from './types.js';

const tryLockChecks = { ttlSeconds: ttl, ...waitChecks };

export const checkTryLock = optionsChecker<TryLockOptions>(tryLockChecks);
export const checkLock = optionsChecker<LockOptions>({ ...tryLockChecks, requeue: boolean });

/** Longer than a leader election and most pauses of a process; short enough to wait for after a crash. */
export const defaultTtlSeconds = 15;
