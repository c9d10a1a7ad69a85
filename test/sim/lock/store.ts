import { errorFor, errorFromServer } from '#src/errors/index.js';
import type { Compare, Op, OpResult, RangeOptions, Txn, TxnResult } from '#src/kv/index.js';
import {
  type Bytes,
  contains,
  type KeyRange,
  type KeyValue,
  toBuffer,
  toWireRange,
} from '#src/model/index.js';

/** The prefix of the queue's keys. */
export const prefix = Buffer.from('l/');

/** What changed a key: a client's transaction, the end of its lease, or a person. */
export type Cause = 'txn' | 'revoke' | 'expiry' | 'by hand';

export interface StoredLease {
  readonly id: bigint;
  readonly ttlMs: number;
  endsAt: number;
}

/** A backup of the store. */
export interface Snapshot {
  readonly revision: bigint;
  readonly keys: readonly (readonly [string, KeyValue])[];
  readonly leases: readonly StoredLease[];
}

/** A change of a key; `kv` is undefined if it was deleted. */
export interface Change {
  readonly key: Buffer;
  readonly kv: KeyValue | undefined;
  readonly before: KeyValue | undefined;
  readonly cause: Cause;
}

/** An etcd: keys and leases, without their history. Keys are latin1 texts inside. */
export class Store {
  revision = 1n;
  /** Rejects every write, as a member without space. */
  isFull = false;
  /** Rejects the user. */
  isForbidden = false;
  readonly leases = new Map<bigint, StoredLease>();
  readonly #keys = new Map<string, KeyValue>();
  /** The revision of the last change of a key. */
  #changedAt = 0n;
  readonly #changes: Change[] = [];
  readonly #onChange: (change: Change) => void;

  /** `onChange` is called for each change, after the whole revision was applied. */
  constructor(onChange: (change: Change) => void) {
    this.#onChange = onChange;
  }

  /** The keys of the queue, oldest first. */
  get queue(): KeyValue[] {
    return this.#found({ prefix }).sort((one, other) => Number(one.createRevision - other.createRevision));
  }

  get(key: Bytes): KeyValue | undefined {
    return this.#keys.get(toText(key));
  }

  /** Replaces the store by an empty one. */
  wipe(): void {
    this.#keys.clear();
    this.leases.clear();
    this.revision = 1n;
    this.#changedAt = 0n;
  }

  /** @throws etcd's error. */
  grant(id: bigint, ttlMs: number, now: number): void {
    this.#checkUser();
    if (this.isFull) throw noSpace();
    if (this.leases.has(id)) throw errorFromServer(9, 'etcdserver: lease already exists');
    this.leases.set(id, { id, ttlMs, endsAt: now + ttlMs });
  }

  /** Returns whether the lease existed. Never rejected: a user may always revoke, and it frees space. */
  revoke(id: bigint, cause: Cause): boolean {
    if (!this.leases.delete(id)) return false;
    const attached = [...this.#keys].filter(([, { lease }]) => lease === id);
    if (attached.length === 0) return true;
    this.revision++;
    for (const [text] of attached) this.#delete(text, cause);
    this.#report();
    return true;
  }

  /** @throws etcd's error for a lease that does not exist. Returns the TTL in ms. */
  keepAlive(id: bigint, now: number): number {
    const lease = this.leases.get(id);
    if (!lease) throw errorFor('LeaseNotFound');
    lease.endsAt = now + lease.ttlMs;
    return lease.ttlMs;
  }

  expire(now: number): void {
    for (const { id, endsAt } of this.leases.values()) if (now >= endsAt) this.revoke(id, 'expiry');
  }

  /** Keeps the lease of a key that exists. */
  putByHand(key: Buffer, value: string): void {
    this.revision++;
    this.#put({ type: 'put', key, value, options: { ignoreLease: true } }, 'by hand');
    this.#report();
  }

  deleteByHand(key: Buffer): void {
    const text = toText(key);
    if (!this.#keys.has(text)) return;
    this.revision++;
    this.#delete(text, 'by hand');
    this.#report();
  }

  range(range: Bytes | KeyRange, options: RangeOptions = {}): OpResult & { readonly type: 'range' } {
    this.#checkUser();
    return this.#range(range, options);
  }

  /** Runs a transaction without nested ones. @throws etcd's error. */
  txn({ compare = [], success = [], failure = [] }: Txn): TxnResult {
    this.#checkUser();
    const succeeded = compare.every((one) => this.#holds(one));
    const branch = succeeded ? success : failure;
    if (this.isFull && branch.some(({ type }) => type === 'put')) throw noSpace();
    for (const one of branch) this.#checkLease(one);
    // As in etcd, all writes of a transaction have one revision, and a transaction that changes nothing has none.
    const before = this.revision++;
    const results = branch.map((one) => this.#do(one));
    if (this.#changedAt <= before) this.revision = before;
    this.#report();
    const { revision } = this;
    return { succeeded, revision, results: results.map((one): OpResult => ({ ...one, revision })) };
  }

  get snapshot(): Snapshot {
    return { revision: this.revision, keys: [...this.#keys], leases: [...this.leases.values()] };
  }

  /** Restores a snapshot; its leases get their full TTL again. */
  restore({ revision, keys, leases }: Snapshot, now: number): void {
    this.wipe();
    this.revision = revision;
    this.#changedAt = revision;
    for (const [text, kv] of keys) this.#keys.set(text, kv);
    for (const lease of leases) this.leases.set(lease.id, { ...lease, endsAt: now + lease.ttlMs });
  }

  #report(): void {
    for (let change = this.#changes.shift(); change; change = this.#changes.shift()) this.#onChange(change);
  }

  #do(one: Op): OpResult {
    const { revision } = this;
    switch (one.type) {
      case 'put':
        this.#put(one, 'txn');
        return { type: 'put', revision, prevKv: undefined };
      case 'range':
        return this.#range(one.range, one.options ?? {});
      case 'delete': {
        const found = this.#found(one.range);
        for (const kv of found) this.#delete(toText(kv.key), 'txn');
        return { type: 'delete', deleted: BigInt(found.length), prevKvs: [], revision };
      }
      case 'txn':
        throw new Error('the simulated store has no nested transactions');
    }
  }

  #put({ key, value, options }: Op & { readonly type: 'put' }, cause: Cause): void {
    const text = toText(key);
    const before = this.#keys.get(text);
    const kv: KeyValue = {
      key: toBuffer(key),
      value: toBuffer(value ?? ''),
      lease: (options?.ignoreLease ? before?.lease : options?.lease) ?? 0n,
      modRevision: this.revision,
      createRevision: before?.createRevision ?? this.revision,
      version: (before?.version ?? 0n) + 1n,
    };
    this.#keys.set(text, kv);
    this.#record(kv.key, kv, before, cause);
  }

  #delete(text: string, cause: Cause): void {
    const before = this.#keys.get(text);
    if (!before) return;
    this.#keys.delete(text);
    this.#record(before.key, undefined, before, cause);
  }

  #record(key: Buffer, kv: KeyValue | undefined, before: KeyValue | undefined, cause: Cause): void {
    this.#changedAt = this.revision;
    this.#changes.push({ key, kv, before, cause });
  }

  #range(range: Bytes | KeyRange, options: RangeOptions): OpResult & { readonly type: 'range' } {
    const { sort, limit = 0, minCreateRevision = 0n, maxCreateRevision = 0n } = options;
    const all = this.#found(range);
    const kept = all
      .filter(({ createRevision }) => createRevision >= minCreateRevision)
      .filter(({ createRevision }) => maxCreateRevision === 0n || createRevision <= maxCreateRevision);
    if (sort?.by === 'create') kept.sort((one, other) => Number(one.createRevision - other.createRevision));
    else if (sort?.by === 'mod') kept.sort((one, other) => Number(one.modRevision - other.modRevision));
    else if (sort && sort.by !== 'key') throw new Error(`the simulated store does not sort by ${sort.by}`);
    if (sort?.order === 'descend') kept.reverse();
    const limited = limit === 0 ? kept : kept.slice(0, Number(limit));
    // etcd 3.7 leaves out the lease, too.
    const kvs = options.keysOnly
      ? limited.map((kv) => ({ ...kv, value: Buffer.alloc(0), lease: 0n }))
      : limited;
    const more = kvs.length < kept.length;
    return { type: 'range', kvs, more, count: BigInt(all.length), revision: this.revision };
  }

  /** The keys of a range, by key. */
  #found(range: Bytes | KeyRange): KeyValue[] {
    const wire = toWireRange(range);
    return [...this.#keys]
      .filter(([, { key }]) => contains(wire, key))
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([, kv]) => kv);
  }

  #holds({ key, result, target, value }: Compare): boolean {
    const found = this.#found(key);
    const kvs: (KeyValue | undefined)[] = found.length > 0 ? found : [undefined];
    return kvs.every((kv) => {
      if (target === 'value')
        return kv !== undefined && compared(Buffer.compare(kv.value, toBuffer(value)), result);
      const field = {
        create: kv?.createRevision,
        mod: kv?.modRevision,
        version: kv?.version,
        lease: kv?.lease,
      }[target];
      return compared(Number((field ?? 0n) - value), result);
    });
  }

  #checkLease(one: Op): void {
    if (one.type !== 'put') return;
    const lease = one.options?.lease ?? 0n;
    if (lease !== 0n && !this.leases.has(lease)) throw errorFor('LeaseNotFound');
  }

  #checkUser(): void {
    if (this.isForbidden) throw errorFromServer(7, 'etcdserver: permission denied');
  }
}

function compared(difference: number, result: Compare['result']): boolean {
  switch (result) {
    case '=':
      return difference === 0;
    case '!=':
      return difference !== 0;
    case '<':
      return difference < 0;
    case '>':
      return difference > 0;
  }
}

function toText(key: Bytes): string {
  return toBuffer(key).toString('latin1');
}

function noSpace(): Error {
  return errorFromServer(8, 'etcdserver: mvcc: database space exceeded');
}

/** The key of a lease in the queue. */
export function keyOf(lease: bigint): Buffer {
  return Buffer.from(`${prefix}${lease.toString(16)}`);
}
