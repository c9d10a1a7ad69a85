import type { EtcdClient } from '#src/client/index.js';
import { op as build, type Compare, type Op, type OpResult } from '#src/kv/index.js';
import type { HeldLease } from '#src/lease/index.js';
import type { KeyValue } from '#src/model/index.js';
import type { Condition, Operation, OpFact, Result, StepResult, StoredKv, TxnStep } from '../history.js';
import type { Journal } from '../journal.js';

export interface CallLimits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

type OpOf<T extends Operation['type']> = Extract<Operation, { type: T }>;

/** A client that records every call. */
export class RecordedClient {
  readonly name: string;
  /** Keys that the client's user may not read. */
  readonly refusedKeys: readonly string[];
  readonly #etcd: EtcdClient;
  readonly #journal: Journal;
  #values = 0;

  constructor(name: string, etcd: EtcdClient, journal: Journal, refusedKeys: readonly string[] = []) {
    this.name = name;
    this.refusedKeys = refusedKeys;
    this.#etcd = etcd;
    this.#journal = journal;
  }

  /** A value that is unique in the run. */
  newValue(): string {
    return `${this.name}-${this.#values++}`;
  }

  get(op: OpOf<'get'>, limits: CallLimits): Promise<OpFact> {
    return this.#run(op, async () => {
      const { kv, revision } = await this.#etcd.kv.get(op.key, { serializable: op.serializable, ...limits });
      return { type: 'read', revision, kvs: kv ? [toStoredKv(kv)] : [] };
    });
  }

  range(op: OpOf<'range'>, limits: CallLimits): Promise<OpFact> {
    return this.#run(op, async () => {
      const { prefix, serializable } = op;
      const { kvs, revision } = await this.#etcd.kv.range({ prefix }, { serializable, ...limits });
      return { type: 'read', revision, kvs: kvs.map(toStoredKv) };
    });
  }

  put(op: OpOf<'put'>, limits: CallLimits): Promise<OpFact> {
    return this.#run(op, async () => {
      const { revision } = await this.#etcd.kv.put(op.key, op.value, {
        lease: op.lease,
        idempotent: op.idempotent ?? false,
        ...limits,
      });
      return { type: 'put', revision };
    });
  }

  delete(op: OpOf<'delete'>, limits: CallLimits): Promise<OpFact> {
    return this.#run(op, async () => {
      const { revision, deleted } = await this.#etcd.kv.delete(op.key, limits);
      return { type: 'delete', revision, deleted };
    });
  }

  txn(op: OpOf<'txn'>, limits: CallLimits): Promise<OpFact> {
    return this.#run(op, async () => {
      const { compare, success, failure } = op;
      const txn = { compare: compare.map(toCompare), success: success.map(toOp), failure: failure.map(toOp) };
      const { revision, succeeded, results } = await this.#etcd.kv.txn(txn, limits);
      return { type: 'txn', revision, succeeded, steps: results.map(toStep) };
    });
  }

  /** Grants a lease without renewing it. */
  grant(op: OpOf<'grant'>, limits: CallLimits): Promise<OpFact> {
    return this.#run(op, async () => {
      const { id: lease, ttlSeconds } = await this.#etcd.lease.grant({
        ttlSeconds: op.ttlSeconds,
        ...limits,
      });
      return { type: 'granted', lease, ttlSeconds };
    });
  }

  /** Grants a lease, keeps it alive, and records its end. */
  async hold(op: OpOf<'grant'>, limits: CallLimits): Promise<HeldLease | undefined> {
    let heldLease: HeldLease | undefined;
    const { id } = await this.#run(op, async () => {
      heldLease = await this.#etcd.lease.hold({ ttlSeconds: op.ttlSeconds, ...limits });
      const { id: lease, ttlSeconds } = heldLease;
      return { type: 'granted', lease, ttlSeconds };
    });
    if (!heldLease) return undefined;
    const { id: lease, ttlSeconds } = heldLease;
    const journal = this.#journal;
    journal.add({
      kind: 'lease',
      type: 'acquired',
      client: this.name,
      lease,
      ttlSeconds,
      op: id,
      at: journal.now(),
    });
    void heldLease.ended.then(({ reason }) =>
      journal.add({ kind: 'lease', type: 'ended', lease, reason, at: journal.now() }),
    );
    return heldLease;
  }

  /** Reads and records `held`, as an owner does before it acts. */
  checkHeld(heldLease: HeldLease): boolean {
    const at = this.#journal.now();
    const { id: lease, held } = heldLease;
    this.#journal.add({ kind: 'lease', type: 'checked', lease, held, at });
    return held;
  }

  revoke(heldLease: HeldLease): Promise<OpFact> {
    return this.#run({ type: 'revoke', lease: heldLease.id }, async () => {
      await heldLease.revoke();
      return { type: 'revoked' };
    });
  }

  /** Revokes the lease as an operator would: the owner learns of it only from etcd. */
  revokeExternally(heldLease: HeldLease, limits: CallLimits): Promise<OpFact> {
    return this.#run({ type: 'revoke', lease: heldLease.id }, async () => {
      await this.#etcd.lease.revoke(heldLease.id, limits);
      return { type: 'revoked' };
    });
  }

  #run(op: Operation, call: () => Promise<Result>): Promise<OpFact> {
    return this.#journal.run(this.name, op, call);
  }
}

function toStoredKv({ key, value, createRevision, modRevision, version, lease }: KeyValue): StoredKv {
  return { key: key.toString(), value: value.toString(), createRevision, modRevision, version, lease };
}

function toCompare(condition: Condition): Compare {
  return condition;
}

function toOp(step: TxnStep): Op {
  switch (step.type) {
    case 'get':
      return build.get(step.key);
    case 'range':
      return build.range({ prefix: step.prefix });
    case 'put':
      return build.put(step.key, step.value, { lease: step.lease });
    case 'delete':
      return build.delete(step.key);
  }
}

function toStep(result: OpResult): StepResult {
  switch (result.type) {
    case 'range':
      return { type: 'read', kvs: result.kvs.map(toStoredKv) };
    case 'put':
      return { type: 'put' };
    case 'delete':
      return { type: 'delete', deleted: result.deleted };
    case 'txn':
      throw new Error('the workload has no nested transactions');
  }
}
