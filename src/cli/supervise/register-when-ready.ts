import { setTimeout as sleep } from 'node:timers/promises';
import {
  type EtcdClient,
  EtcdError,
  formatLeaseId,
  type RegisterOptions,
  type Registration,
  register,
} from '../../index.js';
import type { RecordFormat } from '../../internal.js';
import { CliError, isUnreachable } from '../errors.js';
import { waitUntilRivalGone } from './rival.js';
import { waitForListener } from './wait-for-listener.js';

export interface RegisterWhenReadyOptions {
  readonly registration: RegisterOptions;
  /** The key of the record. */
  readonly key: string;
  /** The format of the record. */
  readonly format: RecordFormat;
  /** The address at which an accepted connection shows that the program is ready. Undefined: no check. */
  readonly readyAddr: string | undefined;
  readonly readyTimeoutMs: number;
  readonly log: (text: string) => void;
}

/** The timeouts of the first and of later attempts to register. The first is short, so that a failure is logged soon. */
const [firstAttemptMs, attemptMs] = [3_000, 30_000];
/** The pause between attempts to register, in milliseconds. */
const pauseMs = 1_000;

/**
 * Waits until the program's address accepts connections, then registers it. Retries while etcd is unreachable.
 * @throws every other error, and the signal's reason if it aborts.
 */
export async function registerWhenReady(
  client: EtcdClient,
  options: RegisterWhenReadyOptions,
  signal: AbortSignal,
): Promise<Registration> {
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await attempt(client, options, isFirst ? firstAttemptMs : attemptMs, signal);
    } catch (error) {
      const isTransient = error instanceof EtcdError && isUnreachable(error) && error.verdict !== 'final';
      if (!isTransient || signal.aborted) throw error;
      if (isFirst) options.log(`cannot register yet; retrying: ${error.message}`);
      await sleep(pauseMs, undefined, { signal }); // an attempt may fail immediately
    }
  }
}

async function attempt(
  client: EtcdClient,
  options: RegisterWhenReadyOptions,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Registration> {
  // While a rival exists, the listener may be the rival's, so it is checked again after the wait.
  do await requireListener(options, signal);
  while (await waitForRival(client, options, signal));
  // Without a callback register() emits a process warning. The caller's retries and events already report the failure.
  const onFailure = () => {};
  const registration = await register(client, { ...options.registration, onFailure, timeoutMs, signal });
  const { key, lease = 0n, revision } = registration;
  options.log(`registered as ${key}, lease ${formatLeaseId(lease)}, revision ${revision}`);
  return registration;
}

async function requireListener(
  { readyAddr, readyTimeoutMs }: RegisterWhenReadyOptions,
  signal: AbortSignal,
): Promise<void> {
  if (readyAddr === undefined || (await waitForListener(readyAddr, readyTimeoutMs, signal))) return;
  throw new CliError(
    `${readyAddr} accepted no connection within ${readyTimeoutMs} ms; the program is terminated`,
  );
}

/** Waits until no other process keeps a record of this address. Returns whether it had to wait. */
async function waitForRival(
  client: EtcdClient,
  { registration, key, format, log }: RegisterWhenReadyOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const { addr, onConflict } = registration;
  if (onConflict === 'takeover') return false;
  const onRivalFound = () => {
    const message = `another process keeps the record ${key} of this address`;
    if (onConflict === 'fail') throw new CliError(`${message}; the program is terminated`);
    log(`${message}; waiting until it is gone`);
  };
  return waitUntilRivalGone(client, { key, addr, format, signal, onRivalFound });
}
