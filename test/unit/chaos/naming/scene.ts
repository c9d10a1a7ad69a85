import assert from 'node:assert/strict';
import type { Fact, TruthEvent } from '../../../chaos/history.js';
import { checkNaming } from '../../../chaos/naming/check/index.js';
import type { Aspect, Promised } from '../../../chaos/naming/check/verdict.js';
import type { ClosedFact, Limits, MendFact, NamingFact } from '../../../chaos/naming/history.js';
import { decode, encode, toChapter } from '../../../chaos/naming/volume.js';

const limits: Limits = {
  ttlMs: 3_000,
  holdMs: 3_000,
  electionMs: 1_000,
  expiryMs: 500,
  closeMs: 5_000,
  wellMs: 20_000,
  slackMs: 1_000,
};

export const svc = 'svc';

/** A history written by hand, moment by moment; a second ends it unless told otherwise. */
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

  /** By a life, under a lease; or just a value. */
  put(key: string, by: { life?: string; lease?: bigint; value?: string; turn?: number } = {}): this {
    const { life, lease = 0n, turn = 0 } = by;
    const value = by.value ?? JSON.stringify({ Op: 0, Addr: `${key}:1`, Metadata: { life, turn } });
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
      held: new Set(held),
      invalid: new Set(invalid),
    });
  }

  start(life: string, key?: string): this {
    return this.add({ kind: 'started', hand: life.slice(0, life.indexOf('.')), life, key, at: this.#now });
  }

  befalls(kind: 'killed' | 'frozen' | 'thawed', life: string): this {
    return this.add({ kind, life, at: this.#now });
  }

  lost(life: string, lease: bigint): this {
    return this.add({ kind: 'lost', life, lease, at: this.#now });
  }

  registered(life: string, lease: bigint, revision = this.#revision): this {
    return this.add({ kind: 'registered', life, lease, revision, at: this.#now });
  }

  closed(life: string, took: number, more: Partial<ClosedFact> = {}): this {
    const [from, to] = [this.#now, this.#now + took];
    return this.add({ kind: 'closed', life, from, to, cutOff: false, revision: this.#revision, ...more });
  }

  fault(name: string, clients: 'all' | string[], from: number, to: number): this {
    return this.add({ kind: 'fault', name, target: String(clients), clients, from, to, hit: true });
  }

  mend(after: string, took: Partial<MendFact['took']>): this {
    return this.add({ kind: 'mend', after, took: { R1: 0, R2: 0, N4: 0, N5: 0, ...took } });
  }

  term(term: number): this {
    return this.add({ kind: 'term', term, at: this.#now });
  }

  /** What is broken in it, and what was looked at; the same of a saved one. */
  verdict(): { readonly broken: Promised[]; readonly seen: Partial<Record<Aspect, number>> } {
    const end: NamingFact = { kind: 'end', at: this.#now + 1_000 };
    const volumes = [{ limits, stored: this.#stored, facts: [...this.facts, end] }];
    const { violations, seen } = checkNaming(volumes.map(toChapter));
    assert.deepEqual(checkNaming(decode(encode(volumes)).map(toChapter)).violations, violations);
    return { broken: [...new Set(violations.map(({ promise }) => promise))], seen };
  }

  #change(...events: TruthEvent[]): this {
    this.#revision++;
    this.#stored.push({ kind: 'truth', revision: this.#revision, at: this.#now, events });
    return this;
  }
}

export function assertBreaks(scene: Scene, promise: Promised): void {
  assert.deepEqual(scene.verdict().broken, [promise]);
}

/** That nothing is broken, and that so much was looked at. */
export function assertKeeps(scene: Scene, aspect: Aspect, times: number): void {
  const { broken, seen } = scene.verdict();
  assert.deepEqual(broken, []);
  assert.equal(seen[aspect] ?? 0, times);
}
