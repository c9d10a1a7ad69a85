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

/** A history written by hand, moment by moment; it ends after a second by default. */
export class Scene {
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

  /** By a incarnation, under a lease; or just a value. */
  put(key: string, by: { incarnation?: string; lease?: bigint; value?: string; turn?: number } = {}): this {
    const { incarnation, lease = 0n, turn = 0 } = by;
    const value = by.value ?? JSON.stringify({ Op: 0, Addr: `${key}:1`, Metadata: { incarnation, turn } });
    const modRevision = this.#revision + 1n;
    const kv = { key, value, createRevision: modRevision, modRevision, version: 1n, lease };
    return this.#change({ type: 'put', kv });
  }

  drop(...keys: string[]): this {
    return this.#change(...keys.map((key) => ({ type: 'delete' as const, key })));
  }

  view(
    records: Readonly<Record<string, bigint>>,
    options: { viewer?: string; held?: string[]; invalid?: string[]; revision?: bigint } = {},
  ): this {
    const { viewer = 'v.0', held = [], invalid = [], revision = this.#revision } = options;
    return this.add({
      kind: 'view',
      viewer,
      service: svc,
      at: this.#now,
      revision,
      records: new Map(Object.entries(records)),
      unconfirmed: new Set(held),
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

  befalls(kind: 'killed' | 'paused' | 'resumed', incarnation: string): this {
    return this.add({ kind, incarnation, at: this.#now });
  }

  lost(incarnation: string, lease: bigint): this {
    return this.add({ kind: 'lost', incarnation, lease, at: this.#now });
  }

  registered(incarnation: string, lease: bigint, revision = this.#revision): this {
    return this.add({ kind: 'registered', incarnation, lease, revision, at: this.#now });
  }

  closed(incarnation: string, took: number, more: Partial<ClosedFact> = {}): this {
    const [from, to] = [this.#now, this.#now + took];
    return this.add({
      kind: 'closed',
      incarnation,
      from,
      to,
      cutOff: false,
      revision: this.#revision,
      ...more,
    });
  }

  fault(name: string, clients: 'all' | string[], from: number, to: number): this {
    return this.add({ kind: 'fault', name, target: String(clients), clients, from, to, hit: true });
  }

  converge(after: string, took: Partial<ConvergenceFact['durationsMs']>): this {
    return this.add({ kind: 'converged', after, durationsMs: { R1: 0, R2: 0, N4: 0, N5: 0, ...took } });
  }

  term(term: number): this {
    return this.add({ kind: 'term', term, at: this.#now });
  }

  /** What is broken in it, and how often each case was checked; the same of a saved one. */
  verdict(): { readonly broken: PropertyId[]; readonly counts: Partial<Record<CheckedCase, number>> } {
    const end: NamingFact = { kind: 'end', at: this.#now + 1_000 };
    const saved = [{ limits, stored: this.#stored, facts: [...this.facts, end] }];
    const { violations, counts } = checkNaming(saved.map(toStoreHistory));
    assert.deepEqual(checkNaming(decode(encode(saved)).map(toStoreHistory)).violations, violations);
    return { broken: [...new Set(violations.map(({ property }) => property))], counts };
  }

  #change(...events: TruthEvent[]): this {
    this.#revision++;
    this.#stored.push({ kind: 'truth', revision: this.#revision, at: this.#now, events });
    return this;
  }
}

export function assertBreaks(scene: Scene, property: PropertyId): void {
  assert.deepEqual(scene.verdict().broken, [property]);
}

/** That nothing is broken, and that so much was looked at. */
export function assertKeeps(scene: Scene, checkedCase: CheckedCase, times: number): void {
  const { broken, counts } = scene.verdict();
  assert.deepEqual(broken, []);
  assert.equal(counts[checkedCase] ?? 0, times);
}
