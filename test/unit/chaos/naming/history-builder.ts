import assert from 'node:assert/strict';
import type { Fact, TruthEvent } from '../../../chaos/history.js';
import type { CheckedCase, PropertyId } from '../../../chaos/naming/check/check-result.js';
import { checkNaming } from '../../../chaos/naming/check/index.js';
import type { ClosedFact, ConvergenceFact, Limits, NamingFact } from '../../../chaos/naming/history.js';
import { decode, encode, toStoreHistory } from '../../../chaos/naming/saved-history.js';

const limits: Limits = {
  ttlMs: 3_000,
  protectionMs: 3_000,
  electionMs: 1_000,
  expiryMs: 500,
  closeMs: 5_000,
  convergenceMs: 20_000,
  slackMs: 1_000,
};

export const svc = 'svc';

/** Builds a history in order of time; it ends a second after the last fact. */
export class HistoryBuilder {
  readonly facts: NamingFact[] = [];
  readonly #stored: Fact[] = [];
  #now = 1_000;
  #revision = 1n;

  get revision(): bigint {
    return this.#revision;
  }

  at(ms: number): this {
    this.#now = ms;
    return this;
  }

  add(...facts: NamingFact[]): this {
    this.facts.push(...facts);
    return this;
  }

  /** Puts the record of an incarnation under a lease, or any value. */
  put(key: string, by: { incarnation?: string; lease?: bigint; value?: string; turn?: number } = {}): this {
    const { incarnation, lease = 0n, turn = 0 } = by;
    const value = by.value ?? JSON.stringify({ Op: 0, Addr: `${key}:1`, Metadata: { incarnation, turn } });
    const modRevision = this.#revision + 1n;
    const kv = { key, value, createRevision: modRevision, modRevision, version: 1n, lease };
    return this.#change({ type: 'put', kv });
  }

  delete(...keys: string[]): this {
    return this.#change(...keys.map((key) => ({ type: 'delete' as const, key })));
  }

  view(
    records: Readonly<Record<string, bigint>>,
    options: { viewer?: string; unconfirmedKeys?: string[]; invalid?: string[]; revision?: bigint } = {},
  ): this {
    const { viewer = 'v.0', unconfirmedKeys = [], invalid = [], revision = this.#revision } = options;
    return this.add({
      kind: 'view',
      viewer,
      service: svc,
      at: this.#now,
      revision,
      records: new Map(Object.entries(records)),
      unconfirmed: new Set(unconfirmedKeys),
      invalid: new Set(invalid),
    });
  }

  start(incarnation: string, key?: string): this {
    return this.add({
      kind: 'started',
      worker: incarnation.slice(0, incarnation.indexOf('.')),
      incarnation,
      key,
      at: this.#now,
    });
  }

  processEvent(kind: 'killed' | 'paused' | 'resumed', incarnation: string): this {
    return this.add({ kind, incarnation, at: this.#now });
  }

  lost(incarnation: string, lease: bigint): this {
    return this.add({ kind: 'lost', incarnation, lease, at: this.#now });
  }

  registered(incarnation: string, lease: bigint, revision = this.#revision): this {
    return this.add({ kind: 'registered', incarnation, lease, revision, at: this.#now });
  }

  closed(incarnation: string, tookMs: number, overrides: Partial<ClosedFact> = {}): this {
    const [from, to] = [this.#now, this.#now + tookMs];
    return this.add({
      kind: 'closed',
      incarnation,
      from,
      to,
      cutOff: false,
      revision: this.#revision,
      ...overrides,
    });
  }

  fault(name: string, clients: 'all' | string[], from: number, to: number): this {
    return this.add({ kind: 'fault', name, target: String(clients), clients, from, to, effective: true });
  }

  converge(after: string, tookMs: Partial<ConvergenceFact['durationsMs']>): this {
    return this.add({ kind: 'converged', after, durationsMs: { R1: 0, R2: 0, N4: 0, N5: 0, ...tookMs } });
  }

  term(term: number): this {
    return this.add({ kind: 'term', term, at: this.#now });
  }

  /** Returns the violated properties, and how often each case was checked. Asserts the same for the saved history. */
  check(): { readonly violated: PropertyId[]; readonly counts: Partial<Record<CheckedCase, number>> } {
    const end: NamingFact = { kind: 'end', at: this.#now + 1_000 };
    const saved = [{ limits, stored: this.#stored, facts: [...this.facts, end] }];
    const { violations, counts } = checkNaming(saved.map(toStoreHistory));
    assert.deepEqual(checkNaming(decode(encode(saved)).map(toStoreHistory)).violations, violations);
    return { violated: [...new Set(violations.map(({ property }) => property))], counts };
  }

  #change(...events: TruthEvent[]): this {
    this.#revision++;
    this.#stored.push({ kind: 'truth', revision: this.#revision, at: this.#now, events });
    return this;
  }
}

export function assertViolation(builder: HistoryBuilder, property: PropertyId): void {
  assert.deepEqual(builder.check().violated, [property]);
}

/** Asserts that no property is violated, and that the case was checked this many times. */
export function assertValid(builder: HistoryBuilder, checkedCase: CheckedCase, times: number): void {
  const { violated, counts } = builder.check();
  assert.deepEqual(violated, []);
  assert.equal(counts[checkedCase] ?? 0, times);
}
