import assert from 'node:assert/strict';
import { deserialize, serialize } from 'node:v8';
import type { Fact, TruthEvent } from '../../../chaos/history.js';
import type { CheckedCase, Findings, PropertyId } from '../../../chaos/lock/check/check-result.js';
import { checkLocks } from '../../../chaos/lock/check/index.js';
import {
  type Holding,
  type LockFact,
  type RequestFact,
  type SavedLockHistory,
  toLockHistory,
} from '../../../chaos/lock/history.js';
import type { HeldReport, System, WroteReport } from '../../../chaos/lock/messages.js';

const limits = { ttlMs: 3_000, noticeMs: 5_000 };

/** The lock that the tests use. */
export const name = 'n';

interface HeldPart {
  /** The token; the current revision unless stated. */
  readonly token?: bigint | undefined;
  readonly lease?: bigint;
  /** From the first to the last time that `held` was true. */
  readonly held?: readonly [from: number, to: number];
  readonly samples?: Partial<HeldReport>;
  readonly writes?: readonly Pick<WroteReport, 'value' | 'outcome'>[];
  readonly rest?: Partial<Holding>;
}

/** Builds a history in order of time; it ends a second after the last change of the time. */
export class HistoryBuilder {
  readonly #facts: LockFact[] = [];
  readonly #stored: Fact[] = [];
  readonly #system: System;
  readonly #created = new Map<string, bigint>();
  #now = 1_000;
  #revision = 1n;

  constructor(system: System = 'ours') {
    this.#system = system;
  }

  get revision(): bigint {
    return this.#revision;
  }

  at(ms: number): this {
    this.#now = ms;
    return this;
  }

  add(...facts: LockFact[]): this {
    this.#facts.push(...facts);
    return this;
  }

  put(key: string, by: { readonly lease?: bigint; readonly value?: string } = {}): this {
    const { lease = 1n, value = '' } = by;
    const modRevision = this.#revision + 1n;
    const createRevision = this.#created.get(key) ?? modRevision;
    this.#created.set(key, createRevision);
    return this.#change({
      type: 'put',
      kv: { key, value, createRevision, modRevision, version: 1n, lease },
    });
  }

  delete(key: string): this {
    this.#created.delete(key);
    return this.#change({ type: 'delete', key });
  }

  /** What a holder or a candidate wrote to the log. */
  log(value: string): this {
    return this.put(`log/${name}`, { value, lease: 0n });
  }

  /** A request of the process `<worker>.0`, with the number 0, that waits with a key from now on. */
  request(worker: string, key: string, end: Partial<RequestFact> = {}): this {
    const incarnation = `${worker}.0`;
    const waitingAt = this.#now;
    return this.add({
      ...{ kind: 'request', id: `${incarnation}/0`, system: this.#system, role: 'lock', name },
      ...{ worker, incarnation, waitingAt, keys: [{ key, at: waitingAt }], ...end },
    });
  }

  /** A request that holds the lock from now on, with the current revision as its token. */
  holder(worker: string, key: string, part: HeldPart = {}): this {
    const { lease = 1n, held, writes = [] } = part;
    const token = 'token' in part ? part.token : this.#revision;
    const samples = held && {
      ...{ type: 'held' as const, request: 0, first: [held[0], held[0]] as const },
      ...{ last: [held[1], held[1]] as const, samples: 2, again: 0, unaborted: 0, ...part.samples },
    };
    const wrote = writes.map((one) => ({ ...one, type: 'wrote' as const, request: 0, at: this.#now }));
    const holding: Holding = {
      key,
      lease,
      token,
      at: this.#now,
      until: this.#now,
      samples,
      writes: wrote,
      ...part.rest,
    };
    return this.request(worker, key, { holding });
  }

  observe(saw: (LockFact & { kind: 'observation' })['saw'], observer = 'o'): this {
    return this.add({
      kind: 'observation',
      observer: `${observer}.0`,
      worker: observer,
      name,
      at: this.#now,
      saw,
    });
  }

  byHand(key: string): this {
    return this.add({ kind: 'by-hand', what: 'delete-key', key, at: this.#now });
  }

  process(kind: 'killed' | 'paused' | 'resumed', worker: string): this {
    return this.add({ kind, worker, incarnation: `${worker}.0`, at: this.#now });
  }

  fault(clients: 'all' | string[], from: number, to: number): this {
    this.#stored.push({ kind: 'fault', name: 'a fault', target: '', clients, from, to, effective: true });
    return this;
  }

  conflict(): this {
    this.#stored.push({ kind: 'conflict', revision: 1n, members: ['m0', 'm1'], versions: [[], []] });
    return this;
  }

  /** Checks the history as it is read from a file. */
  check(): Findings {
    const end: LockFact = { kind: 'end', at: this.#now + 1_000 };
    const saved: SavedLockHistory = { limits, stored: this.#stored, facts: [...this.#facts, end] };
    return checkLocks(toLockHistory(deserialize(serialize(saved)) as SavedLockHistory));
  }

  #change(event: TruthEvent): this {
    this.#revision++;
    this.#stored.push({ kind: 'truth', revision: this.#revision, at: this.#now, events: [event] });
    return this;
  }
}

/** No property is violated, and the case was checked, this often if it is stated. */
export function assertValid(history: HistoryBuilder, name: CheckedCase, times?: number): void {
  const found = history.check();
  assert.deepEqual(found.violations, []);
  const checked = systems.reduce((sum, system) => sum + found.countOf(system, name), 0);
  if (times === undefined) assert.ok(checked > 0, `${name} was not checked`);
  else assert.equal(checked, times, name);
}

const systems = ['ours', 'go', 'etcd3'] as const;

/** These properties are violated, and no other. */
export function assertViolation(history: HistoryBuilder, ...properties: PropertyId[]): void {
  const found = new Set(history.check().violations.map(({ property }) => property));
  assert.deepEqual([...found].sort(), [...properties].sort());
}
