import assert from 'node:assert/strict';
import { Code, EtcdError, PermissionDeniedError } from '#src/errors/index.js';
import type { OpResult, Txn, TxnResult } from '#src/kv/index.js';
import {
  AcquisitionCore,
  type AcquisitionCoreOptions,
  type AcquisitionEffect,
  type AcquisitionInput,
} from '#src/lock/core/index.js';
import type { KeyValue } from '#src/model/index.js';

type EffectOf<T extends AcquisitionEffect['type']> = Extract<AcquisitionEffect, { readonly type: T }>;

/** The lease of the first grant; the key is `jobs/4d`. */
export const lease = 0x4dn;

export function kv(key: string, createRevision: bigint, ofLease = lease): KeyValue {
  const value = Buffer.alloc(0);
  return {
    key: Buffer.from(key),
    value,
    createRevision,
    modRevision: createRevision,
    version: 1n,
    lease: ofLease,
  };
}

/** The older key of a queue that is not empty. */
export const predecessor = kv('jobs/1', 5n);
export const unavailable = new EtcdError('no member', { code: Code.UNAVAILABLE, verdict: 'not-applied' });
export const denied = new PermissionDeniedError('no', { code: Code.PERMISSION_DENIED });
export const ended = { type: 'lease-ended', lease, loss: 'lost-contact', error: unavailable } as const;

/** The result of a transaction with reads only. */
export function result(revision: bigint, ...reads: readonly (readonly KeyValue[])[]): TxnResult {
  return { succeeded: true, revision, results: reads.map((kvs) => rangeOf(kvs, revision)) };
}

function rangeOf(kvs: readonly KeyValue[], revision: bigint): OpResult {
  return { type: 'range', kvs, more: false, count: BigInt(kvs.length), revision };
}

/** A core whose inputs and effects a test writes by hand. */
export class ScriptedAcquisition {
  readonly core: AcquisitionCore;
  /** All effects so far. */
  readonly effects: AcquisitionEffect[] = [];
  now = 0;

  constructor(options: Partial<AcquisitionCoreOptions> = {}) {
    const all = { what: 'the lock', prefix: Buffer.from('jobs/'), value: Buffer.alloc(0) };
    this.core = new AcquisitionCore({ ...all, mode: 'wait', requeue: false, ...options }, () => 0.5);
  }

  /** Passes one input, and returns the types of its effects. */
  input(input: AcquisitionInput): string[] {
    const effects = this.core.handle(input, this.now);
    this.effects.push(...effects);
    return effects.map(({ type }) => type);
  }

  /** Starts and answers the grant. */
  join(timeoutMs = Number.POSITIVE_INFINITY): void {
    this.input({ type: 'start', timeoutMs });
    this.input({ type: 'granted', request: this.last('grant').request, lease });
  }

  /** Joins at this revision, with the newest older key. */
  joined(revision: bigint, predecessor?: KeyValue): string[] {
    this.join();
    return this.answer(joinedAt(revision, predecessor));
  }

  /** Answers the last transaction. */
  answer(answer: TxnResult): string[] {
    return this.input({ type: 'answered', request: this.last('txn').request, result: answer });
  }

  /** The last effect of a type. */
  last<T extends AcquisitionEffect['type']>(type: T): EffectOf<T> {
    const found = this.effects.findLast((effect): effect is EffectOf<T> => effect.type === type);
    assert.ok(found, `no effect ${type}`);
    return found;
  }

  count(type: AcquisitionEffect['type']): number {
    return this.effects.filter((effect) => effect.type === type).length;
  }

  /** The request that follows a key. */
  followOf(key: string): number {
    const found = this.effects.findLast(
      (effect): effect is EffectOf<'follow'> => effect.type === 'follow' && effect.key.toString() === key,
    );
    assert.ok(found, `${key} is not followed`);
    return found.request;
  }

  isCancelled(request: number): boolean {
    return this.effects.some((effect) => effect.type === 'cancel' && effect.request === request);
  }
}

/** The answer to a join that created the own key at this revision. */
export function joinedAt(revision: bigint, predecessor?: KeyValue): TxnResult {
  const own = kv('jobs/4d', revision);
  return {
    succeeded: true,
    revision,
    results: [
      { type: 'put', revision, prevKv: undefined },
      rangeOf(predecessor ? [own, predecessor] : [own], revision),
    ],
  };
}

/** The answer to a join whose condition failed: the own key, if it exists. */
export function notJoined(revision: bigint, own?: KeyValue): TxnResult {
  return { succeeded: false, revision, results: [rangeOf(own ? [own] : [], revision)] };
}

/** The keys that a transaction reads, writes and compares, for assertions. */
export function keysIn({ compare = [], success = [] }: Txn): string[] {
  const names = success.map((op) => (op.type === 'range' ? op.range : op.type === 'put' ? op.key : ''));
  return [...compare.map(({ key }) => key), ...names].map((key) =>
    typeof key === 'string' || key instanceof Uint8Array ? String(key) : JSON.stringify(key),
  );
}
