import type { Event, KeyValue } from '#src/gen/etcd/kv.js';
import {
  type Compare,
  Compare_CompareResult,
  Compare_CompareTarget,
  type DeleteRangeRequest,
  PutRequest,
  type RangeRequest,
  RangeRequest_SortOrder,
  RangeRequest_SortTarget,
  type RequestOp,
  type ResponseOp,
  type TxnRequest,
  type TxnResponse,
} from '#src/gen/etcd/rpc.js';
import { contains } from '#src/model/index.js';

/** The store of the fake etcd: enough for every operation of a client. History is never compacted. */
export class FakeStore {
  revision = 1n;
  readonly #keys = new Map<string, KeyValue>();
  readonly #history: Event[] = [];
  readonly #listeners = new Set<() => void>();

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Adds more keys than a first page holds. */
  fill(prefix: string, count: number): void {
    this.#write(() => {
      for (let i = 0; i < count; i++)
        this.#put(
          PutRequest.fromPartial({
            key: Buffer.from(`${prefix}${String(i).padStart(5, '0')}`),
            value: Buffer.alloc(100),
          }),
        );
    });
  }

  header() {
    return { clusterId: 11n, memberId: 12n, revision: this.revision, raftTerm: 3n };
  }

  since(revision: bigint, range: { readonly key: Buffer; readonly rangeEnd: Buffer }): Event[] {
    let from = this.#history.length;
    while (from > 0 && (this.#history[from - 1]?.kv?.modRevision ?? 0n) >= revision) from--;
    return this.#history.slice(from).filter(({ kv }) => kv && contains(range, kv.key));
  }

  /** Deletes the keys of a lease in one revision. */
  revoke(lease: bigint): void {
    const keys = [...this.#keys.values()].filter((kv) => kv.lease === lease);
    this.#write(() => {
      for (const { key } of keys) this.#remove(key);
    });
  }

  /** Sorts by key, or by create revision. */
  range({ key, rangeEnd, limit, countOnly, keysOnly, ...request }: RangeRequest) {
    const { sortTarget, sortOrder, maxCreateRevision: newest } = request;
    const found = this.#matching(key, rangeEnd).filter((kv) => newest === 0n || kv.createRevision <= newest);
    if (sortTarget === RangeRequest_SortTarget.CREATE)
      found.sort((one, other) => Number(one.createRevision - other.createRevision));
    if (sortOrder === RangeRequest_SortOrder.DESCEND) found.reverse();
    const count = BigInt(found.length);
    const taken = countOnly ? [] : limit > 0n ? found.slice(0, Number(limit)) : found;
    const kvs = keysOnly ? taken.map((kv) => ({ ...kv, value: Buffer.alloc(0) })) : taken;
    return { header: this.header(), kvs, more: limit > 0n && count > limit && !countOnly, count };
  }

  put(request: PutRequest) {
    const before = this.#keys.get(nameOf(request.key));
    this.#write(() => this.#put(request));
    return { header: this.header(), prevKv: request.prevKv ? before : undefined };
  }

  deleteRange({ key, rangeEnd, prevKv }: DeleteRangeRequest) {
    const found = this.#matching(key, rangeEnd);
    this.#write(() => {
      for (const kv of found) this.#remove(kv.key);
    });
    return { header: this.header(), deleted: BigInt(found.length), prevKvs: prevKv ? found : [] };
  }

  txn({ compare, success, failure }: TxnRequest): TxnResponse {
    const succeeded = compare.every((one) => this.#conditionHolds(one));
    const responses: ResponseOp[] = [];
    this.#write(() => {
      for (const { request } of succeeded ? success : failure) responses.push(this.#operation(request));
    });
    return { header: this.header(), succeeded, responses };
  }

  #operation(request: RequestOp['request']): ResponseOp {
    switch (request?.$case) {
      case 'requestRange':
        return { response: { $case: 'responseRange', value: this.range(request.value) } };
      case 'requestPut':
        return { response: { $case: 'responsePut', value: this.put(request.value) } };
      case 'requestDeleteRange':
        return { response: { $case: 'responseDeleteRange', value: this.deleteRange(request.value) } };
      case 'requestTxn':
        return { response: { $case: 'responseTxn', value: this.txn(request.value) } };
      case undefined:
        return { response: undefined };
    }
  }

  /** A condition on a range holds if it holds for every key in it. */
  #conditionHolds(compare: Compare): boolean {
    const { key, rangeEnd } = compare;
    if (rangeEnd.length === 0) return this.#holdsFor(this.#keys.get(nameOf(key)), compare);
    return this.#matching(key, rangeEnd).every((kv) => this.#holdsFor(kv, compare));
  }

  #holdsFor(kv: KeyValue | undefined, { target, targetUnion, result }: Compare): boolean {
    if (target === Compare_CompareTarget.VALUE) {
      const value = targetUnion?.$case === 'value' ? targetUnion.value : Buffer.alloc(0);
      return kv !== undefined && meets(kv.value.compare(value), result);
    }
    const wanted = targetUnion && targetUnion.$case !== 'value' ? targetUnion.value : 0n;
    const present =
      target === Compare_CompareTarget.VERSION
        ? kv?.version
        : target === Compare_CompareTarget.CREATE
          ? kv?.createRevision
          : target === Compare_CompareTarget.MOD
            ? kv?.modRevision
            : kv?.lease;
    return meets(Number((present ?? 0n) - wanted), result);
  }

  #matching(key: Buffer, rangeEnd: Buffer): KeyValue[] {
    return [...this.#keys.values()]
      .filter((kv) => contains({ key, rangeEnd }, kv.key))
      .sort((one, other) => one.key.compare(other.key));
  }

  /** One revision for all changes inside, also when nested; none if nothing changes. */
  #write(work: () => void): void {
    if (this.#next !== undefined) {
      work();
      return;
    }
    this.#next = this.revision + 1n;
    const before = this.#history.length;
    work();
    if (this.#history.length > before) this.revision = this.#next;
    this.#next = undefined;
    if (this.#history.length > before) for (const listener of [...this.#listeners]) listener();
  }
  #next: bigint | undefined;

  #put({ key, value, lease }: PutRequest): void {
    const modRevision = this.#next ?? this.revision;
    const before = this.#keys.get(nameOf(key));
    const kv = {
      key,
      value,
      lease,
      modRevision,
      createRevision: before?.createRevision ?? modRevision,
      version: (before?.version ?? 0n) + 1n,
    };
    this.#keys.set(nameOf(key), kv);
    this.#history.push({ type: 0, kv, prevKv: before });
  }

  #remove(key: Buffer): void {
    const before = this.#keys.get(nameOf(key));
    if (!before) return;
    this.#keys.delete(nameOf(key));
    const nothing = { value: Buffer.alloc(0), createRevision: 0n, version: 0n, lease: 0n };
    this.#history.push({ type: 1, kv: { key, modRevision: this.#next ?? 0n, ...nothing }, prevKv: before });
  }
}

const nameOf = (key: Buffer) => key.toString('latin1');

function meets(difference: number, result: Compare['result']): boolean {
  switch (result) {
    case Compare_CompareResult.EQUAL:
      return difference === 0;
    case Compare_CompareResult.GREATER:
      return difference > 0;
    case Compare_CompareResult.LESS:
      return difference < 0;
    default:
      return difference !== 0;
  }
}
