import { errorFor, errorFromServer } from '#src/errors/index.js';
import type { Compare, Txn } from '#src/kv/index.js';
import type { KeyValue } from '#src/model/index.js';
import type { WriteResult } from '#src/naming/register/core/index.js';

export const key = 'svc/e';
const keyBytes = Buffer.from(key);

/** The writer of a change: the registration, another client, or etcd itself when a lease ends. */
export type Writer = 'owner' | 'other' | 'revoke' | 'expiry' | 'wipe';

export interface Lease {
  readonly id: bigint;
  readonly ttlMs: number;
  readonly isOwners: boolean;
  endsAt: number;
}

export interface Snapshot {
  readonly revision: bigint;
  readonly kv: KeyValue | undefined;
  readonly leases: readonly Lease[];
}

/** An etcd with one key and leases. Each call passes the time. */
export class Store {
  revision = 1n;
  kv: KeyValue | undefined;
  readonly leases = new Map<bigint, Lease>();
  /** Rejects every write, as a member without space. */
  isFull = false;
  /** Rejects the user. */
  isForbidden = false;
  readonly #onChange: (by: Writer, before: KeyValue | undefined) => void;

  constructor(onChange: (by: Writer, before: KeyValue | undefined) => void) {
    this.#onChange = onChange;
  }

  /** @throws etcd's error. */
  grant(id: bigint, ttlMs: number, now: number, isOwners: boolean): void {
    if (isOwners) this.#check();
    this.leases.set(id, { id, ttlMs, isOwners, endsAt: now + ttlMs });
  }

  /** Returns whether the lease existed. */
  revoke(id: bigint, by: Writer): boolean {
    if (!this.leases.delete(id)) return false;
    if (this.kv?.lease === id) this.#set(undefined, by);
    return true;
  }

  expire(now: number): void {
    for (const { id, endsAt } of this.leases.values()) if (now >= endsAt) this.revoke(id, 'expiry');
  }

  /** @throws etcd's error. */
  txn({ compare = [], success = [] }: Txn): WriteResult {
    this.#check();
    if (!compare.every((one) => this.#conditionHolds(one)))
      return { type: 'found', kv: this.kv, revision: this.revision };
    for (const op of success) {
      if (op.type === 'put') this.put(Buffer.from(op.value ?? ''), op.options?.lease ?? 0n, 'owner');
      else if (op.type === 'delete') this.delete('owner');
    }
    return { type: 'stored', revision: this.revision };
  }

  /** @throws etcd's error for a lease that does not exist. */
  put(value: Buffer, lease: bigint, by: Writer): void {
    if (lease !== 0n && !this.leases.has(lease)) throw errorFor('LeaseNotFound');
    if (by === 'owner' && value.includes('"big"'))
      throw errorFromServer(3, 'etcdserver: request is too large');
    const { kv } = this;
    const modRevision = this.revision + 1n;
    this.#set(
      {
        key: keyBytes,
        value,
        lease,
        modRevision,
        createRevision: kv?.createRevision ?? modRevision,
        version: (kv?.version ?? 0n) + 1n,
      },
      by,
    );
  }

  delete(by: Writer): void {
    if (this.kv) this.#set(undefined, by);
  }

  /** Replaces the store by an empty one at this revision. */
  wipe(revision: bigint): void {
    const before = this.kv;
    this.leases.clear();
    this.kv = undefined;
    this.revision = revision;
    if (before) this.#onChange('wipe', before);
  }

  get snapshot(): Snapshot {
    return { revision: this.revision, kv: this.kv, leases: [...this.leases.values()] };
  }

  /** Restores a snapshot; its leases get their full TTL again. */
  restore({ revision, kv, leases }: Snapshot, now: number): void {
    const before = this.kv;
    this.leases.clear();
    for (const lease of leases) this.leases.set(lease.id, { ...lease, endsAt: now + lease.ttlMs });
    this.revision = revision;
    this.kv = kv;
    this.#onChange('wipe', before);
  }

  #set(kv: KeyValue | undefined, by: Writer): void {
    const before = this.kv;
    this.revision++;
    this.kv = kv;
    this.#onChange(by, before);
  }

  #check(): void {
    if (this.isForbidden) throw errorFromServer(7, 'etcdserver: permission denied');
    if (this.isFull) throw errorFromServer(8, 'etcdserver: mvcc: database space exceeded');
  }

  #conditionHolds(compare: Compare): boolean {
    const { kv } = this;
    switch (compare.target) {
      case 'create':
        return (kv?.createRevision ?? 0n) === compare.value;
      case 'mod':
        return (kv?.modRevision ?? 0n) === compare.value;
      case 'version':
        return (kv?.version ?? 0n) === compare.value;
      case 'lease':
        return (kv?.lease ?? 0n) === compare.value;
      case 'value':
        return kv?.value.equals(Buffer.from(compare.value)) ?? false;
    }
  }
}
