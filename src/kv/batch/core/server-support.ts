import { isSafeForBatches } from './safe-version.js';

/** What a server says about itself. */
export interface ServerFacts {
  readonly version: string;
  readonly memberId: bigint;
  readonly isLearner: boolean;
  /** Whether it is a member itself, and not a proxy that may forward each request to another one. */
  readonly isMember: boolean;
}

/** After this time, a server that did not answer, a learner, or one that refused a batch is asked again. */
const retryUnknownMs = 60_000;
const retryRefusedMs = 10 * 60_000;
/** The most connections that are remembered. */
const maxConnections = 64;

interface Connection {
  /** The most operations of a batch on this connection; 0 if it must not have batches. */
  operations: number;
  /** The most operations that a batch had so far. */
  accepted: number;
  memberId: bigint | undefined;
  isAsking: boolean;
  askAgainAt: number;
}

/**
 * Which connections may have batches. A version belongs to a connection: a member may be replaced by an older one at the
 * same address.
 */
export class ServerSupport {
  readonly #maxOperations: number;
  readonly #connections = new Map<number, Connection>();

  constructor(maxOperations: number) {
    this.#maxOperations = maxOperations;
  }

  /** The most operations of a batch on the connection; 0 if it must not have batches, or not yet. */
  operations(connection: number): number {
    return this.#connections.get(connection)?.operations ?? 0;
  }

  /** Whether the server must be asked about itself; the caller then does, and reports with `onFacts`. */
  startAsking(connection: number, now: number): boolean {
    const known = this.#connections.get(connection) ?? this.#add(connection);
    if (known.isAsking || now < known.askAgainAt) return false;
    known.isAsking = true;
    return true;
  }

  onFacts(connection: number, facts: ServerFacts | undefined, now: number): void {
    const known = this.#connections.get(connection);
    if (!known) return;
    known.isAsking = false;
    known.memberId = facts?.memberId;
    if (!facts || facts.isLearner) {
      known.operations = 0;
      known.askAgainAt = now + retryUnknownMs;
      return;
    }
    known.operations = facts.isMember && isSafeForBatches(facts.version) ? this.#maxOperations : 0;
    known.askAgainAt = Number.POSITIVE_INFINITY;
  }

  /** Records the answer to a batch. One from another member shows that a proxy distributes the requests. */
  onAnswer(connection: number, operations: number, memberId: bigint): void {
    const known = this.#connections.get(connection);
    if (!known) return;
    if (known.memberId !== memberId) {
      known.operations = 0;
      known.askAgainAt = Number.POSITIVE_INFINITY;
    }
    if (operations > known.accepted) known.accepted = operations;
  }

  /** Records that the server refuses batches. */
  onRefusal(connection: number, now: number): void {
    this.#limit(connection, 0, now);
  }

  /** Records that a batch had too many operations. The largest that was answered before remains possible. */
  onTooManyOperations(connection: number, now: number): void {
    const accepted = this.#connections.get(connection)?.accepted ?? 0;
    this.#limit(connection, accepted > 1 ? accepted : 0, now);
  }

  #limit(connection: number, operations: number, now: number): void {
    const known = this.#connections.get(connection);
    if (!known) return;
    known.operations = operations;
    known.askAgainAt = now + retryRefusedMs;
  }

  #add(connection: number): Connection {
    const added = {
      operations: 0,
      accepted: 0,
      memberId: undefined,
      isAsking: false,
      askAgainAt: Number.NEGATIVE_INFINITY,
    };
    this.#connections.set(connection, added);
    const { value: oldest } = this.#connections.keys().next();
    if (this.#connections.size > maxConnections && oldest !== undefined) this.#connections.delete(oldest);
    return added;
  }
}
