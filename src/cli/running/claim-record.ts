import { setTimeout as sleep } from 'node:timers/promises';
import {
  type EtcdClient,
  EtcdError,
  formatLeaseId,
  type RegisterOptions,
  type Registration,
  register,
} from '../../index.js';
import { CliError, isSilence } from '../failure.js';
import { accepts } from './ready.js';
import { waitForRival } from './rival.js';

export interface ClaimOptions {
  readonly registration: RegisterOptions;
  /** Where a connection shows that the program is ready; undefined: it counts as ready once it runs. */
  readonly readyAddr: string | undefined;
  readonly readyTimeoutMs: number;
  readonly say: (text: string) => void;
}

/** How long an attempt to register lasts, in milliseconds, before the next begins: the first reports its failure. */
const [firstAttemptMs, attemptMs] = [3_000, 30_000];
/** Between attempts to register, in milliseconds. */
const pauseMs = 1_000;

/**
 * Stores the program's record once its address answers, however long etcd is away.
 * @throws what waiting cannot repair, and the signal's own reason.
 */
export async function claimRecord(
  client: EtcdClient,
  options: ClaimOptions,
  signal: AbortSignal,
): Promise<Registration> {
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await claim(client, options, isFirst ? firstAttemptMs : attemptMs, signal);
    } catch (error) {
      const passing = error instanceof EtcdError && isSilence(error) && error.verdict !== 'final';
      if (!passing || signal.aborted) throw error;
      if (isFirst) options.say(`cannot register yet, and goes on trying: ${error.message}`);
      await sleep(pauseMs, undefined, { signal }); // an attempt may fail at once
    }
  }
}

async function claim(
  client: EtcdClient,
  options: ClaimOptions,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Registration> {
  // As long as there is a rival, the answer may be its own.
  do await ready(options, signal);
  while (await rivalWasThere(client, options, signal));
  // Instead of a process warning: what stands in the way is said by the one who goes on trying.
  const onFailure = () => {};
  const done = await register(client, { ...options.registration, onFailure, timeoutMs, signal });
  options.say(
    `registered as ${done.key}, lease ${formatLeaseId(done.lease ?? 0n)}, revision ${done.revision}`,
  );
  return done;
}

async function ready({ readyAddr, readyTimeoutMs }: ClaimOptions, signal: AbortSignal): Promise<void> {
  if (readyAddr === undefined || (await accepts(readyAddr, readyTimeoutMs, signal))) return;
  throw new CliError(
    `nothing accepted a connection at ${readyAddr} within ${readyTimeoutMs} ms; the program is ended`,
  );
}

async function rivalWasThere(
  client: EtcdClient,
  { registration, say }: ClaimOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const { target, id, addr, onConflict } = registration;
  if (onConflict === 'takeover') return false;
  const key = `${target}/${id ?? addr}`;
  const onRival = () => {
    const what = `another process keeps the record ${key} of this address`;
    if (onConflict === 'fail') throw new CliError(`${what}; the program is ended`);
    say(`${what}; this one waits until it goes`);
  };
  return waitForRival(client, { key, addr, signal, onRival });
}
