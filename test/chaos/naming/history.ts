import type { ConflictFact, FaultFact } from '../history.js';
import type { Truth } from '../truth.js';

/**
 * What one store saw from its first revision to its last, and what was told of it. All times are milliseconds of the
 * machine's monotonic clock, which all processes of the run share.
 */
export interface StoreHistory {
  readonly limits: Limits;
  readonly truth: Truth;
  readonly facts: readonly NamingFact[];
}

/** All in milliseconds. */
export interface Limits {
  /** Of the registrars' leases. */
  readonly ttlMs: number;
  /** For how long the viewers hold what went in a doubtful way. */
  readonly protectionMs: number;
  /** etcd's election timeout: a new leader gives every lease that much more. */
  readonly electionMs: number;
  /** How long etcd may take to notice that a lease has run out, and to delete its keys. */
  readonly expiryMs: number;
  /** How long `close()` may take when etcd is out of reach. */
  readonly closeMs: number;
  /** How long after the end of a fault all must be well again. */
  readonly convergenceMs: number;
  /** How late a busy machine may be. */
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

/** A view as a viewer's subscriber was told of it. */
export interface ViewFact {
  readonly kind: 'view';
  /** One incarnation of a viewer. */
  readonly viewer: string;
  readonly service: string;
  readonly at: number;
  readonly revision: bigint;
  /** Keys and mod revisions, with those that are held back. */
  readonly records: ReadonlyMap<string, bigint>;
  readonly held: ReadonlySet<string>;
  readonly invalid: ReadonlySet<string>;
}

/** A viewer was told that it lists anew, and why. */
export interface RelistedFact {
  readonly kind: 'relisted';
  readonly viewer: string;
  readonly at: number;
  readonly reason: string;
}

/** A viewer's subscriber has left, or its client is closed: it is told nothing more. */
export interface UnsubscribedFact {
  readonly kind: 'unsubscribed';
  readonly viewer: string;
  readonly at: number;
}

/** A worker is a registrar or a viewer by name; each of its processes is a incarnation. */
export interface StartedFact {
  readonly kind: 'started';
  readonly worker: string;
  readonly incarnation: string;
  /** What a registrar is to write, and nothing else; undefined for a viewer. */
  readonly key: string | undefined;
  readonly at: number;
}

export interface ProcessFact<K extends 'killed' | 'paused' | 'resumed'> {
  readonly kind: K;
  readonly incarnation: string;
  readonly at: number;
}

/** A registrar was told that its record is stored. */
export interface RegisteredFact {
  readonly kind: 'registered';
  readonly incarnation: string;
  readonly lease: bigint;
  readonly revision: bigint;
  readonly at: number;
}

/** A registrar was told that its record is no longer its own. */
export interface LostFact {
  readonly kind: 'lost';
  readonly incarnation: string;
  readonly lease: bigint;
  readonly at: number;
}

/** A registrar's `close()`, from its call to its return. */
export interface ClosedFact {
  readonly kind: 'closed';
  readonly incarnation: string;
  readonly from: number;
  readonly to: number;
  /** Whether it could not reach etcd meanwhile. */
  readonly cutOff: boolean;
  /** Asked of etcd once it had returned. */
  readonly revision: bigint;
}

/** A service lost its last record while some viewers could not see it happen. */
export interface EmptiedFact {
  readonly kind: 'emptied';
  readonly service: string;
  readonly revision: bigint;
  readonly unseenBy: readonly string[];
}

/** How long after the end of a fault it took until something was as it should be, for good. */
export interface ConvergenceFact {
  readonly kind: 'converged';
  readonly after: string;
  /** Milliseconds by what is promised; undefined when it did not come to that. */
  readonly durationsMs: Readonly<Record<ConvergenceProperty, number | undefined>>;
}

/** No dead one's record; every living one's; no deleted record in a view; every view as the store. */
export type ConvergenceProperty = 'R1' | 'R2' | 'N4' | 'N5';

/** The members' term rose: there was an election. */
export interface TermFact {
  readonly kind: 'term';
  readonly term: number;
  readonly at: number;
}

/** The store before this one was wiped. Its facts stand in a history of their own. */
export interface WipedFact {
  readonly kind: 'wiped';
  readonly at: number;
  /** Viewers that lived then. */
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
