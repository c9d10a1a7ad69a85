import type { EtcdError } from '../../../errors/index.js';
import { type BatchFailure, failureOf } from './failure.js';
import { planReads, type ReadPlan } from './plan.js';
import type { BatchLimits, PlannedBatch } from './planned-batch.js';
import type { QueuedRead } from './queued-read.js';
import { RefusedKeys } from './refused-keys.js';
import { type ServerFacts, ServerSupport } from './server-support.js';
import { ValueSizes } from './value-sizes.js';

/**
 * A batch in which a key may be refused. If none of its reads is refused on its own, the server refuses batches
 * themselves.
 */
export interface RefusedBatch {
  readonly connection: number;
  /** The number of its reads that are not answered yet. */
  pending: number;
  hasRefusedKey: boolean;
}

/**
 * Decides which reads travel together, and remembers why some must not. Has no clock and no IO: its driver passes the
 * time, sends what it plans, and reports what came of it.
 */
export class BatchCore<Read extends QueuedRead> {
  readonly #limits: BatchLimits;
  readonly #servers: ServerSupport;
  readonly #refusedKeys = new RefusedKeys();
  readonly #sizes = new ValueSizes();

  constructor(limits: BatchLimits) {
    this.#limits = limits;
    this.#servers = new ServerSupport(limits.operations);
  }

  /** Whether the driver must ask the server behind the connection about itself. */
  startAsking(connection: number, now: number): boolean {
    return this.#servers.startAsking(connection, now);
  }

  onFacts(connection: number, facts: ServerFacts | undefined, now: number): void {
    this.#servers.onFacts(connection, facts, now);
  }

  /** @param connection The one on which a request would be sent now, if there is one. */
  plan(reads: readonly Read[], connection: number | undefined, now: number): ReadPlan<Read> {
    const operations = connection === undefined ? 0 : this.#servers.operations(connection);
    if (operations === 0) return { batches: [], separate: reads.filter(({ isSettled }) => !isSettled) };
    return planReads(
      reads,
      now,
      { ...this.#limits, operations },
      {
        isRefused: (name) => this.#refusedKeys.has(name, now),
        expectedBytes: (name) => this.#sizes.expected(name),
      },
    );
  }

  onAnswer(connection: number, batch: PlannedBatch<Read>, memberId: bigint): void {
    this.#servers.onAnswer(connection, batch.operations.length, memberId);
  }

  /** @param bytes The size of the value; 0 if the key does not exist. */
  onValue(name: string, bytes: number): void {
    this.#sizes.record(name, bytes);
  }

  /** Returns what follows for the reads of the batch. */
  onFailure(connection: number, batch: PlannedBatch<Read>, error: EtcdError, now: number): BatchFailure {
    const failure = failureOf(error, batch.serializable);
    if (failure === 'batch') this.#servers.onRefusal(connection, now);
    else if (failure === 'operations') this.#servers.onTooManyOperations(connection, now);
    return failure;
  }

  /** Records the result of a read that travelled on its own. */
  onSeparate(
    name: string,
    error: EtcdError | undefined,
    refused: RefusedBatch | undefined,
    now: number,
  ): void {
    const isRefusal = error?.reason === 'PermissionDenied';
    if (isRefusal) this.#refusedKeys.add(name, now);
    else if (!error) this.#refusedKeys.remove(name);
    else if (error.reason === 'ResponseTooLarge') this.#sizes.record(name, this.#limits.answerBytes);
    if (!refused) return;
    refused.hasRefusedKey ||= isRefusal;
    if (--refused.pending === 0 && !refused.hasRefusedKey) this.#servers.onRefusal(refused.connection, now);
  }
}
