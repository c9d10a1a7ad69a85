import { setTimeout as sleep } from 'node:timers/promises';
import type { EtcdClusterHandle, EtcdMember, FaultProxy } from '#src/testing/index.js';
import type { Random } from '../../sim/random.js';
import type { Journal } from '../journal.js';
import type { TruthRecorder } from '../truth-recorder.js';

/** A client's way to one member, and who uses it. */
export interface Door {
  readonly clients: readonly string[];
  readonly member: string;
  readonly proxy: FaultProxy;
}

/** All that can be broken. */
export interface World {
  readonly cluster: EtcdClusterHandle;
  readonly doors: readonly Door[];
  readonly recorders: readonly TruthRecorder[];
  readonly journal: Journal;
}

/** A fault that holds. */
export interface Active {
  readonly target: string;
  /** Who may feel it. */
  readonly clients: 'all' | readonly string[];
  /** Ends it. */
  end(): Promise<Ended>;
}

/** There was nobody to strike. */
export const nobody: Active = {
  target: 'nobody',
  clients: [],
  end: () => Promise.resolve({ isTrue: false }),
};

export interface Ended {
  /** Whether it was what its name says. */
  readonly isTrue: boolean;
  /** How much longer the clients may feel it, in milliseconds. */
  readonly mendsMs?: number;
}

export interface Fault {
  readonly name: string;
  /** How long it holds: the least and the most, in milliseconds. */
  readonly holdMs: readonly [number, number];
  begin(world: World, random: Random): Promise<Active>;
}

/** Sleeps, or stops sleeping when the signal comes. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

export async function aFollower({ cluster }: World, random: Random): Promise<EtcdMember> {
  const leader = await cluster.leader();
  return random.pick(cluster.members.filter((member) => member !== leader));
}
