import assert from 'node:assert/strict';
import { type EtcdError, errorFor } from '#src/errors/index.js';
import type { Txn } from '#src/kv/index.js';
import type { KeyValue, LeaseId, Revision } from '#src/model/index.js';
import type { Endpoint, RegistrationEvent } from '#src/naming/index.js';
import {
  Claim,
  type OnConflict,
  RegistrationCore,
  type RegistrationEffect,
  type RegistrationInput,
} from '#src/naming/register/core/index.js';
import { defaultFormat } from '../../../../support/naming/format.js';

export const key = 'svc/e';
export const addr = 'a:1';
export const ttlMs = 10_000;

export interface ScenarioOptions {
  readonly endpoint?: Endpoint;
  readonly onConflict?: OnConflict;
  readonly onDeleted?: 'restore' | 'stop';
  readonly timeoutMs?: number;
}

type Effect<T extends RegistrationEffect['type']> = Extract<RegistrationEffect, { readonly type: T }>;
type Request = Extract<RegistrationEffect, { readonly request: number }> & { readonly type: RequestType };
type RequestType = 'grant' | 'write' | 'follow' | 'check-lease' | 'mark' | 'delete-orphan';

/**
 * A registration core, its owner's calls and what etcd answers. Each pause of a retry is half of its upper bound: 100,
 * 200, 400 ms. The requests that are neither answered nor cancelled stay open.
 */
export class Scenario {
  readonly core: RegistrationCore;
  readonly events: RegistrationEvent[] = [];
  readonly revoked: LeaseId[] = [];
  /** The transactions that mark the record as draining at the end. */
  readonly marks: Txn[] = [];
  /** The results of the owner's calls: the error, or `undefined` for success. */
  readonly settled = new Map<number, EtcdError | undefined>();
  started: Effect<'started'> | undefined;
  ended: Effect<'end'>['end'] | undefined;
  now = 0;
  wakeAt = Number.POSITIVE_INFINITY;
  readonly #open = new Map<number, Request>();
  #calls = 0;

  constructor({ endpoint = { addr }, onConflict = 'wait', onDeleted = 'restore' }: ScenarioOptions = {}) {
    const claim = new Claim(key, endpoint, onConflict, defaultFormat());
    this.core = new RegistrationCore({ claim, onDeleted }, () => 0.5);
  }

  send(input: RegistrationInput): readonly RegistrationEffect[] {
    const effects = this.core.handle(input, this.now);
    for (const effect of effects) this.#perform(effect);
    return effects;
  }

  #perform(effect: RegistrationEffect): void {
    const isTimerCleared = effect.type === 'wake-at' && effect.at === Number.POSITIVE_INFINITY;
    assert.ok(!this.ended || isTimerCleared, `${effect.type} after the end`);
    switch (effect.type) {
      case 'cancel':
        assert.equal(typeof effect.request, 'number');
        this.#open.delete(effect.request);
        return;
      case 'mark':
        this.marks.push(effect.txn);
        this.#open.set(effect.request, effect);
        return;
      case 'revoke':
        this.revoked.push(effect.lease);
        return;
      case 'wake-at':
        this.wakeAt = effect.at;
        return;
      case 'started':
        this.started = effect;
        return;
      case 'settle':
        this.settled.set(effect.call, effect.error);
        return;
      case 'event':
        this.events.push({ ...effect.event }); // without the prototype of results
        return;
      case 'end':
        this.ended = effect.end;
        return;
      default:
        this.#open.set(effect.request, effect);
    }
  }

  /** Lets the time pass; the timer fires each time it is due. */
  advance(ms: number): void {
    const until = this.now + ms;
    for (let fired = 0; this.wakeAt <= until; fired++) {
      assert.ok(fired < 100, 'the timer is set again and again');
      this.now = Math.max(this.now, this.wakeAt);
      this.wakeAt = Number.POSITIVE_INFINITY;
      this.send({ type: 'timer' });
    }
    this.now = until;
  }

  /** The types of the open requests, in the order in which they were sent. */
  get open(): string {
    return [...this.#open.values()].map(({ type }) => type).join();
  }

  requests<T extends RequestType>(type: T): Effect<T>[] {
    return [...this.#open.values()].filter((one): one is Effect<T> => one.type === type);
  }

  /** The open request of a type, of which there must be one. */
  request<T extends RequestType>(type: T): Effect<T> {
    const found = this.requests(type);
    assert.equal(found.length, 1, `open: ${this.open}, expected one ${type}`);
    return found[0]!;
  }

  #take(type: RequestType): number {
    const { request } = this.request(type) as Request;
    this.#open.delete(request);
    return request;
  }

  // What etcd answers.

  grant(lease: LeaseId): void {
    this.send({ type: 'granted', request: this.#take('grant'), lease, ttlMs });
  }

  store(revision: Revision): void {
    this.send({ type: 'written', request: this.#take('write'), result: { type: 'stored', revision } });
  }

  /** The compare of the write fails. */
  find(kv: KeyValue | undefined, revision: Revision = kv?.modRevision ?? 0n): void {
    this.send({ type: 'written', request: this.#take('write'), result: { type: 'found', kv, revision } });
  }

  /** The watch shows this state of the key. */
  show(kv: KeyValue | undefined, revision: Revision = kv?.modRevision ?? 0n): void {
    this.send({ type: 'state', request: this.request('follow').request, kv, revision });
  }

  fail(type: RequestType, error: EtcdError): void {
    this.send({ type: 'failed', request: this.#take(type), error });
  }

  reportLease(isAlive: boolean): void {
    this.send({ type: 'lease-state', request: this.#take('check-lease'), isAlive });
  }

  endLease(lease: LeaseId, error: EtcdError = errorFor('LeaseNotFound')): void {
    this.send({ type: 'lease-ended', lease, error });
  }

  revoke(lease: LeaseId, isRevoked = true): void {
    this.send({ type: 'revoked', lease, isRevoked });
  }

  /** etcd answers the mark: it is stored, or its condition failed. */
  mark(): void {
    this.send({ type: 'marked', request: this.#take('mark') });
  }

  deleteOrphans(): void {
    for (const { request } of this.requests('delete-orphan')) {
      this.#open.delete(request);
      this.send({ type: 'orphan-deleted', request });
    }
  }

  // What the owner does.

  start(timeoutMs = 60_000): void {
    this.send({ type: 'start', timeoutMs });
  }

  /** Returns the number of the call. */
  update(change: Partial<Endpoint>, timeoutMs = 60_000): number {
    const call = ++this.#calls;
    this.send({ type: 'update', call, change, timeoutMs });
    return call;
  }

  drain(): number {
    const call = ++this.#calls;
    this.send({ type: 'drain', call });
    return call;
  }

  close(what: 'the client' | 'the registration' = 'the registration'): void {
    this.send({ type: 'close', what });
  }

  /** How a call ended: `pending`, `done`, or its error's message. */
  result(call: number): string {
    if (!this.settled.has(call)) return 'pending';
    return this.settled.get(call)?.message ?? 'done';
  }

  // Records.

  /** The value that the open write stores. */
  get written(): string {
    const [put] = this.request('write').txn.success ?? [];
    assert.ok(put?.type === 'put' && put.value);
    return put.value.toString();
  }

  /** The revision that the open write expects; 0 for an absent key. */
  get expected(): unknown {
    const [compare] = this.request('write').txn.compare ?? [];
    return compare && 'value' in compare ? compare.value : undefined;
  }

  /** The types of the events so far, which are removed. */
  takeEvents(): string {
    return this.events
      .splice(0)
      .map(({ type }) => type)
      .join();
  }
}

/** A registration whose record is stored at revision 10 under lease 1. */
export function registered(options: ScenarioOptions = {}): Scenario {
  const scenario = new Scenario(options);
  scenario.start(options.timeoutMs);
  scenario.grant(1n);
  scenario.store(10n);
  scenario.takeEvents();
  return scenario;
}

export const valueWith = (metadata: unknown = null, at = addr) =>
  JSON.stringify({ Op: 0, Addr: at, Metadata: metadata });

/** A record of the key. */
export function record(modRevision: Revision, lease: LeaseId, value = valueWith()): KeyValue {
  return {
    key: Buffer.from(key),
    value: Buffer.from(value),
    createRevision: modRevision,
    modRevision,
    version: 1n,
    lease,
  };
}

/** A record of another registration. */
export const foreign = (modRevision: Revision, value = valueWith(null, 'b:1')): KeyValue =>
  record(modRevision, 99n, value);
