import { AsyncLocalStorage } from 'node:async_hooks';
import { EtcdError } from '#src/errors/index.js';
import { isWrite } from './check/writes.js';
import type { Fact, Operation, OpFact, Outcome, Result } from './history.js';

/** Records facts as they happen. */
export class Journal {
  readonly facts: Fact[] = [];
  readonly #current = new AsyncLocalStorage<number>();
  readonly #pending = new Map<number, { readonly client: string; readonly invokedAt: number }>();
  #ids = 0;

  now(): number {
    return performance.now();
  }

  add(fact: Fact): void {
    this.facts.push(fact);
  }

  /** The op that the current code runs for. */
  get currentOp(): number | undefined {
    return this.#current.getStore();
  }

  /** Whether any op of these clients was in flight at some time since `from`. */
  hadOpsSince(from: number, clients: 'all' | readonly string[]): boolean {
    const isOne = ({ client }: { client: string }) => clients === 'all' || clients.includes(client);
    if ([...this.#pending.values()].some(isOne)) return true;
    for (let i = this.facts.length - 1; i >= 0; i--) {
      const fact = this.facts[i];
      if (fact?.kind !== 'op') continue;
      if (fact.completedAt < from) return false;
      if (isOne(fact)) return true;
    }
    return false;
  }

  /** Runs one op and records its outcome. Never throws an error that the library throws on purpose. */
  async run(client: string, op: Operation, call: () => Promise<Result>): Promise<OpFact> {
    const id = this.#ids++;
    const invokedAt = this.now();
    this.#pending.set(id, { client, invokedAt });
    const outcome = await this.#current.run(id, () => outcomeOf(op, call));
    this.#pending.delete(id);
    const fact: OpFact = { kind: 'op', id, client, op, invokedAt, completedAt: this.now(), outcome };
    this.add(fact);
    return fact;
  }
}

async function outcomeOf(op: Operation, call: () => Promise<Result>): Promise<Outcome> {
  try {
    return { type: 'ok', result: await call() };
  } catch (error) {
    if (error instanceof EtcdError) {
      const mayBeApplied = error.verdict === 'maybe-applied' && isWrite(op);
      return {
        type: mayBeApplied ? 'info' : 'fail',
        error: { name: error.name, code: error.code, text: error.message },
      };
    }
    // An abort reason says nothing about the request: a caller that aborts a write must assume that it may be applied.
    if (error instanceof CallAborted) {
      const type = isWrite(op) ? 'info' : 'fail';
      return { type, error: { name: error.name, code: -1, text: error.message } };
    }
    throw error;
  }
}

/** The reason with which the workload aborts its own ops. */
export class CallAborted extends Error {
  override readonly name = 'CallAborted';
}
