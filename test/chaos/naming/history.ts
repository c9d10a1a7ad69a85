import type { ConflictFact, FaultFact } from '../history.js';
import type { Truth } from '../truth.js';

/**
 * The history of one store, and what the workers observed of it. All times are milliseconds of the machine's monotonic
 * clock, which all processes share.
 */
export interface StoreHistory {
  readonly limits: Limits;
  readonly truth: Truth;
  readonly facts: readonly NamingFact[];
}

/** All in milliseconds. */
export interface Limits {
  /** TTL of the registrars' leases. */
  readonly ttlMs: number;
  /** How long viewers keep vanished records while a loss is unconfirmed. */
  readonly protectionMs: number;
  /** etcd's election timeout: a new leader extends every lease by it. */
  readonly electionMs: number;
  /** How long etcd may take to notice an expired lease and delete its keys. */
  readonly expiryMs: number;
  /** How long `close()` may take when etcd is unreachable. */
  readonly closeMs: number;
  /** How long convergence may take after the end of a fault. */
  readonly convergenceMs: number;
  /** Tolerance for a busy machine. */
  readonly slackMs: number;
}

export type NamingFact =
  | ViewFact
  | RelistedFact
  | UnsubscribedFact
  | StartedFact
  | ProcessFact<'killed'>
  | ProcessFact<'paused'>
  | ProcessFact<'resumed'>
  | RegisteredFact
  | LostFact
  | ClosedFact
  | EmptiedFact
  | ConvergenceFact
  | TermFact
  | WipedFact
  | EndFact
  | FaultFact
  | ConflictFact;

/** A view that a viewer's subscriber received. */
export interface ViewFact {
  readonly kind: 'view';
  /** The incarnation of a viewer. */
  readonly viewer: string;
  readonly service: string;
  readonly at: number;
  readonly revision: bigint;
  /** Keys with mod revisions, unconfirmed records included. */
  readonly records: ReadonlyMap<string, bigint>;
  readonly unconfirmed: ReadonlySet<string>;
  readonly invalid: ReadonlySet<string>;
}

/** A viewer was notified that it lists again, and why. */
export interface RelistedFact {
  readonly kind: 'relisted';
  readonly viewer: string;
  readonly at: number;
  readonly reason: string;
}

/** A viewer's subscriber has unsubscribed, or its client is closed: no further view is allowed. */
export interface UnsubscribedFact {
  readonly kind: 'unsubscribed';
  readonly viewer: string;
  readonly at: number;
}

/** A worker is a registrar or a viewer by name; each of its processes is an incarnation. */
export interface StartedFact {
  readonly kind: 'started';
  readonly worker: string;
  readonly incarnation: string;
  /** The only key that a registrar may write; undefined for a viewer. */
  readonly key: string | undefined;
  readonly at: number;
}

export interface ProcessFact<K extends 'killed' | 'paused' | 'resumed'> {
  readonly kind: K;
  readonly incarnation: string;
  readonly at: number;
}

/** A registrar was notified that its record is stored. */
export interface RegisteredFact {
  readonly kind: 'registered';
  readonly incarnation: string;
  readonly lease: bigint;
  readonly revision: bigint;
  readonly at: number;
}

/** A registrar was notified that its record is no longer its own. */
export interface LostFact {
  readonly kind: 'lost';
  readonly incarnation: string;
  readonly lease: bigint;
  readonly at: number;
}

/** A registrar's `close()`, from call to return. */
export interface ClosedFact {
  readonly kind: 'closed';
  readonly incarnation: string;
  readonly from: number;
  readonly to: number;
  /** Whether etcd was unreachable meanwhile. */
  readonly cutOff: boolean;
  /** The store's revision after `close()` returned. */
  readonly revision: bigint;
}

/** A service lost its last record while some viewers were cut off. */
export interface EmptiedFact {
  readonly kind: 'emptied';
  readonly service: string;
  readonly revision: bigint;
  readonly unseenBy: readonly string[];
}

/** How long after a fault each property took to hold permanently. */
export interface ConvergenceFact {
  readonly kind: 'converged';
  readonly after: string;
  /** Milliseconds by property; undefined if it did not hold before the run stopped waiting. */
  readonly durationsMs: Readonly<Record<ConvergenceProperty, number | undefined>>;
}

/**
 * R1: no stopped registrar's record. R2: every live registrar's record. N4: no deleted record in a view. N5: every view
 * equals the store.
 */
export type ConvergenceProperty = 'R1' | 'R2' | 'N4' | 'N5';

/** The members' term rose: there was an election. */
export interface TermFact {
  readonly kind: 'term';
  readonly term: number;
  readonly at: number;
}

/** The previous store was wiped; its facts are in a separate history. */
export interface WipedFact {
  readonly kind: 'wiped';
  readonly at: number;
  /** Viewers that were running at the time. */
  readonly viewers: readonly string[];
}

export interface EndFact {
  readonly kind: 'end';
  readonly at: number;
}

export function factsOf<K extends NamingFact['kind']>(
  { facts }: Pick<StoreHistory, 'facts'>,
  kind: K,
): Extract<NamingFact, { kind: K }>[] {
  return facts.filter((fact): fact is Extract<NamingFact, { kind: K }> => fact.kind === kind);
}

/** `r0` of `r0.3`. */
export function workerOf(incarnation: string): string {
  return incarnation.slice(0, incarnation.indexOf('.'));
}
