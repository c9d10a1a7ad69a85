import { setTimeout as sleep } from 'node:timers/promises';
import type { EtcdClusterHandle, EtcdMember, FaultProxy } from '#src/testing/index.js';
import type { Random } from '../../sim/random.js';
import type { FaultFact } from '../history.js';
import type { TruthRecorder } from '../truth-recorder.js';

/** A proxied connection from some clients to one member, or to one grpc-proxy. */
export interface Link {
  readonly clients: readonly string[];
  /** The name of the member or grpc-proxy. */
  readonly server: string;
  readonly proxy: FaultProxy;
}

/** Where faults are recorded, and what they need to know about the workload. */
export interface FaultJournal {
  now(): number;
  add(fact: FaultFact): void;
  /** Whether any op of these clients was in flight at some time since `from`. */
  hadOpsSince(from: number, clients: 'all' | readonly string[]): boolean;
}

/** Everything that a fault can act on. */
export interface FaultContext {
  readonly cluster: EtcdClusterHandle;
  readonly links: readonly Link[];
  readonly recorders: readonly TruthRecorder[];
  readonly journal: FaultJournal;
}

/** A fault that has begun and not ended. */
export interface ActiveFault {
  readonly target: string;
  /** The clients that may be affected. */
  readonly clients: 'all' | readonly string[];
  end(): Promise<FaultResult>;
}

/** No target was available. */
export const noTarget: ActiveFault = {
  target: 'none',
  clients: [],
  end: () => Promise.resolve({ tookEffect: false }),
};

export interface FaultResult {
  /** Whether the fault had the effect that its name promises. */
  readonly tookEffect: boolean;
  /** How much longer the clients may be affected, in milliseconds. */
  readonly recoveryMs?: number;
}

export interface Fault {
  readonly name: string;
  /** Minimum and maximum duration in milliseconds. */
  readonly durationMs: readonly [number, number];
  begin(context: FaultContext, random: Random): Promise<ActiveFault>;
}

/** Sleeps for `ms`, or until the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

export async function pickFollower({ cluster }: FaultContext, random: Random): Promise<EtcdMember> {
  const leader = await cluster.leader();
  return random.pick(cluster.members.filter((member) => member !== leader));
}
