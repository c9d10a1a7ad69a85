import { setTimeout as sleep } from 'node:timers/promises';
import type grpc from '@grpc/grpc-js';
import { AmbiguousWriteError, type EtcdClient, EtcdError, LockLostError } from '#src/index.js';
import { callOnce } from '../../chaos/calls/rpc.js';
import type { Random } from '../../sim/random.js';
import { type Counts, countNames, type WorkerConfig } from '../messages.js';

/** What each part of the load uses. */
export interface LoadContext {
  readonly client: EtcdClient;
  readonly config: WorkerConfig;
  readonly counts: Counts;
  readonly random: Random;
  /** Aborts when the load stops. */
  readonly signal: AbortSignal;
  /** Receives an error that the library must not cause. */
  readonly onUnexpected: (error: unknown) => void;
}

export function emptyCounts(): Counts {
  return Object.fromEntries(countNames.map((name) => [name, 0])) as Counts;
}

/** Runs `body` until the load stops, with a pause after each run; errors of etcd are counted and end only that run. */
export async function repeat(
  context: LoadContext,
  pauseMs: readonly [number, number],
  body: () => Promise<void>,
): Promise<void> {
  const { signal, random } = context;
  while (!signal.aborted) {
    await attempt(context, body);
    await pause(random.between(...pauseMs), signal);
  }
}

/** Runs `body` and counts its error, if any. */
export async function attempt(context: LoadContext, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    countError(context, error);
  }
}

/** Sleeps for `ms`, or until the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

function countError({ counts, signal, onUnexpected }: LoadContext, error: unknown): void {
  if (error instanceof AmbiguousWriteError) counts.callsAmbiguous++;
  else if (error instanceof LockLostError) counts.locksLost++;
  else if (error instanceof EtcdError) counts.callsFailed++;
  else if (!signal.aborted || error !== signal.reason) onUnexpected(error);
}

/** Calls a server through a channel, and counts the outcome. None may fail: the servers live for the whole run. */
export async function callServer(
  { counts, onUnexpected }: Pick<LoadContext, 'counts' | 'onUnexpected'>,
  channel: grpc.Client,
): Promise<void> {
  const failure = await callOnce(channel);
  if (!failure) {
    counts.rpcsOk++;
    return;
  }
  counts.rpcsFailed++;
  onUnexpected(`a call of a channel failed at ${failure.peer}: ${failure.error.message}`);
}
