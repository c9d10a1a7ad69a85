import type { FaultJournal } from '../../chaos/faults/fault.js';
import type { FaultFact } from '../../chaos/history.js';

/** What has happened to the calls of one kind. */
export interface OperationCount {
  ok: number;
  /** Writes that may have been applied. */
  unknown: number;
  /** Writes that were certainly not applied, and reads without an answer. */
  failed: number;
}

/** Counts what happens in a run, and knows which clients were busy and when. */
export class Recorder implements FaultJournal {
  readonly faults: FaultFact[] = [];
  readonly operations = new Map<string, OperationCount>();
  readonly #pending = new Map<string, number>();
  readonly #lastCompletedAt = new Map<string, number>();
  #lastRevision = 0n;
  #values = 0;

  now(): number {
    return performance.now();
  }

  add(fault: FaultFact): void {
    this.faults.push(fault);
  }

  hadOpsSince(from: number, clients: 'all' | readonly string[]): boolean {
    const names = clients === 'all' ? [...this.#lastCompletedAt.keys(), ...this.#pending.keys()] : clients;
    return names.some(
      (name) => (this.#pending.get(name) ?? 0) > 0 || (this.#lastCompletedAt.get(name) ?? -1) >= from,
    );
  }

  /** The highest revision that any client has seen. */
  get lastRevision(): bigint {
    return this.#lastRevision;
  }

  sawRevision(revision: bigint): void {
    if (revision > this.#lastRevision) this.#lastRevision = revision;
  }

  /** A value that is unique in the run, and short enough to be in the history as it is. */
  newValue(): string {
    return String(++this.#values);
  }

  /** A watch of the client has received something. */
  isActive(client: string): void {
    this.#lastCompletedAt.set(client, this.now());
  }

  begins(client: string): void {
    this.#pending.set(client, (this.#pending.get(client) ?? 0) + 1);
  }

  ends(client: string, kind: string, outcome: keyof OperationCount): void {
    this.#pending.set(client, (this.#pending.get(client) ?? 1) - 1);
    this.isActive(client);
    const count = this.operations.get(kind) ?? { ok: 0, unknown: 0, failed: 0 };
    count[outcome]++;
    this.operations.set(kind, count);
  }

  total(outcome: keyof OperationCount): number {
    return [...this.operations.values()].reduce((sum, count) => sum + count[outcome], 0);
  }
}
