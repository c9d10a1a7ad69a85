import { type Bytes, callback, checkWait, noOptions, printable } from '../model/index.js';
import type { CallOptions } from '../wire/index.js';
import { LockLostError } from './lock-lost-error.js';
import { readQueue } from './lock-queue.js';
import { checkLock, checkTryLock, defaultTtlSeconds } from './options.js';
import { acquire } from './queue/acquire.js';
import { queueName } from './queue/name.js';
import type { Ownership } from './queue/ownership.js';
import type { QueueClient } from './queue/ports.js';
import type { Lock, LockClient, LockOptions, LockQueue, TryLockOptions } from './types.js';

const noValue = Buffer.alloc(0);

/** The locks of a client or a namespace. */
export class LockClientImpl implements LockClient {
  readonly #client: QueueClient;
  readonly #timeoutMs: number;

  /** @param timeoutMs The client's default deadline, which is that of `tryLock`. */
  constructor(client: QueueClient, timeoutMs: number) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  async lock(name: Bytes, options: LockOptions = noOptions): Promise<Lock> {
    checkLock(options);
    const timeoutMs = options.timeoutMs ?? Number.POSITIVE_INFINITY;
    const lock = await this.#acquire(name, 'wait', { ...options, timeoutMs });
    if (!lock) throw new TypeError('a lock that is waited for cannot be taken');
    return lock;
  }

  async tryLock(name: Bytes, options: TryLockOptions = noOptions): Promise<Lock | undefined> {
    checkTryLock(options);
    return this.#acquire(name, 'try', { ...options, timeoutMs: options.timeoutMs ?? this.#timeoutMs });
  }

  async withLock<T>(
    name: Bytes,
    fn: (lock: Lock) => T | Promise<T>,
    options: LockOptions = noOptions,
  ): Promise<T> {
    callback(fn, 'fn');
    const lock = await this.lock(name, options);
    try {
      const result = await fn(lock);
      if (!lock.held && lock.signal.reason instanceof LockLostError) throw lock.signal.reason;
      return result;
    } finally {
      await lock[Symbol.asyncDispose]();
    }
  }

  async lockQueue(name: Bytes, options: CallOptions = noOptions): Promise<LockQueue> {
    checkWait(options);
    return readQueue(this.#client, queueName(name, 'lock'), options);
  }

  async #acquire(
    lockName: Bytes,
    mode: 'wait' | 'try',
    options: LockOptions & { readonly timeoutMs: number },
  ): Promise<Ownership | undefined> {
    const { signal, timeoutMs, ttlSeconds = defaultTtlSeconds, requeue = false } = options;
    const name = queueName(lockName, 'lock');
    const what = `the lock '${printable(name)}'`;
    signal?.throwIfAborted();
    return acquire(this.#client, {
      kind: 'lock',
      name,
      what,
      value: noValue,
      ttlSeconds,
      mode,
      requeue,
      timeoutMs,
      signal,
    });
  }
}
