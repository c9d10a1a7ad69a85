import { type Fact, factsOf as storedFactsOf } from '../history.js';
import { Truth } from '../truth.js';
import type { HeldReport, Role, System, WroteReport } from './messages.js';

/** All times are milliseconds of the machine's monotonic clock, which all processes share. */
export interface LockHistory {
  readonly limits: Limits;
  /** What etcdctl saw, and the faults. */
  readonly stored: readonly Fact[];
  readonly truth: Truth;
  readonly facts: readonly LockFact[];
}

/** A history in the form that is saved to a file. */
export type SavedLockHistory = Omit<LockHistory, 'truth'>;

export function toLockHistory(saved: SavedLockHistory): LockHistory {
  return { ...saved, truth: new Truth(saved.stored) };
}

/** All in milliseconds. */
export interface Limits {
  readonly ttlMs: number;
  /** How long a worker without a fault may take to notice what happened to its key. */
  readonly noticeMs: number;
}

export type LockFact =
  | RequestFact
  | ProcessFact
  | CrashFact
  | ByHandFact
  | ObservationFact
  | UndrainedFact
  | FinalLeaderFact
  | LeftoverFact
  | EndFact;

/** One request for a lock, or one candidacy, and what followed from it. */
export interface RequestFact {
  readonly kind: 'request';
  /** The incarnation and a number: `l0.2/17`. */
  readonly id: string;
  readonly system: System;
  readonly role: Exclude<Role, 'observer'>;
  readonly name: string;
  readonly worker: string;
  readonly incarnation: string;
  readonly waitingAt: number;
  /** The keys with which it waited, the last of which is the current one. */
  readonly keys: readonly { readonly key: string; readonly at: number }[];
  /** When it may have joined the queue with another key, for the last time. */
  readonly maybeQueuedAt?: number;
  readonly failed?: { readonly at: number; readonly error: string };
  readonly holding?: Holding;
}

export interface Holding {
  readonly key: string;
  readonly lease: bigint;
  readonly token: bigint | undefined;
  readonly at: number;
  /** When the holder intends to release it. */
  readonly until: number;
  readonly samples: HeldReport | undefined;
  readonly writes: readonly WroteReport[];
  readonly lost?: { readonly at: number; readonly reason: string };
  readonly releasingAt?: number;
  readonly released?: { readonly at: number; readonly error: string | undefined };
}

/** Each process of a worker is an incarnation. */
export interface ProcessFact {
  readonly kind: 'started' | 'killed' | 'paused' | 'resumed';
  readonly worker: string;
  readonly incarnation: string;
  readonly at: number;
}

/** A process ended without being killed. */
export interface CrashFact {
  readonly kind: 'crashed';
  readonly system: System;
  readonly incarnation: string;
  readonly at: number;
  readonly text: string;
}

/** The nemesis deletes a key of a queue, or revokes its lease; recorded before it is done. */
export interface ByHandFact {
  readonly kind: 'by-hand';
  readonly what: 'delete-key' | 'revoke-lease';
  readonly key: string;
  readonly at: number;
}

/** What an observer saw: a leader, none, the beginning of an observation, or its end with an error. */
export interface ObservationFact {
  readonly kind: 'observation';
  readonly observer: string;
  readonly worker: string;
  readonly name: string;
  readonly at: number;
  readonly saw: SeenLeader | 'none' | 'beginning' | { readonly error: string };
}

export interface SeenLeader {
  readonly key: string;
  readonly value: string;
  readonly createRevision: bigint;
  readonly modRevision: bigint;
}

/** Long after the last fault and the command to drain, a process still has requests. */
export interface UndrainedFact {
  readonly kind: 'undrained';
  readonly system: System;
  readonly incarnation: string;
  readonly at: number;
}

/** The leader that an observer showed while nothing changed, and the true one. Undefined: none. */
export interface FinalLeaderFact {
  readonly kind: 'final-leader';
  readonly observer: string;
  readonly name: string;
  readonly shown: string | undefined;
  readonly leader: string | undefined;
}

/** Remains in etcd although every request has ended and each lease had time to expire. */
export interface LeftoverFact {
  readonly kind: 'leftover';
  readonly system: System;
  readonly what: 'key' | 'lease';
  readonly id: string;
}

export interface EndFact {
  readonly kind: 'end';
  readonly at: number;
}

export function factsOf<K extends LockFact['kind']>(
  { facts }: Pick<LockHistory, 'facts'>,
  kind: K,
): Extract<LockFact, { kind: K }>[] {
  return facts.filter((fact): fact is Extract<LockFact, { kind: K }> => fact.kind === kind);
}

export function faultsOf({ stored }: Pick<LockHistory, 'stored'>) {
  return storedFactsOf(stored, 'fault');
}
