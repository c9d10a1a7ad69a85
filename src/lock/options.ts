import { InvalidInputError } from '../errors/index.js';
import { type Bytes, boolean, keyBytes, optionsChecker, ttl, waitChecks } from '../model/index.js';
import type { LockOptions, TryLockOptions } from './types.js';

const tryLockChecks = { ttlSeconds: ttl, ...waitChecks };

export const checkTryLock = optionsChecker<TryLockOptions>(tryLockChecks);
export const checkLock = optionsChecker<LockOptions>({ ...tryLockChecks, requeue: boolean });

/** Longer than a leader election and most pauses of a process; short enough to wait for after a crash. */
export const defaultTtlSeconds = 15;

/** The bytes of a queue's name. @throws {InvalidInputError} for an empty one, whose queue would be the whole store. */
export function queueName(name: Bytes, what: string): Buffer {
  const bytes = keyBytes(name);
  if (bytes.length === 0) throw new InvalidInputError(`the name of the ${what} is empty`);
  return bytes;
}
