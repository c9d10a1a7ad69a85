import { setTimeout as sleep } from 'node:timers/promises';
import type { EtcdClusterHandle, EtcdMember, FaultProxy } from '#src/testing/index.js';
import type { Random } from '../../sim/random.js';
import type { Journal } from '../journal.js';
import type { TruthRecorder } from '../truth-recorder.js';

/** A client's way to one member, and who uses it. */
export interface Link {
  readonly clients: readonly string[];
  readonly member: string;
  readonly proxy: FaultProxy;
}

/** All that can be broken. */
export interface FaultContext {
  readonly cluster: EtcdClusterHandle;
  readonly links: readonly Link[];
  readonly recorders: readonly TruthRecorder[];
  readonly journal: Journal;
}

/** A fault that holds. */
export interface ActiveFault {
  readonly target: string;
  /** Who may feel it. */
  readonly clients: 'all' | readonly string[];
  /** Ends it. */
  end(): Promise<FaultResult>;
}

/** There was nobody to strike. */
export const noTarget: ActiveFault = {
  target: 'nobody',
  clients: [],
  end: () => Promise.resolve({ tookEffect: false }),
};

export interface FaultResult {
  /** Whether it was what its name says. */
  readonly tookEffect: boolean;
  /** How much longer the clients may feel it, in milliseconds. */
  readonly recoveryMs?: number;
}

export interface Fault {
  readonly name: string;
  /** How long it holds: the least and the most, in milliseconds. */
  readonly durationMs: readonly [number, number];
  begin(context: FaultContext, random: Random): Promise<ActiveFault>;
}

/** Sleeps, or stops sleeping when the signal comes. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

export async function pickFollower({ cluster }: FaultContext, random: Random): Promise<EtcdMember> {
  const leader = await cluster.leader();
  return random.pick(cluster.members.filter((member) => member !== leader));
}
