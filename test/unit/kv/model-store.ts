import { Code, errorFromServer } from '#src/errors/index.js';
import { type Convert, contains, converted, type KeyValue, type WireRange } from '#src/model/index.js';
import type {
  CallOptions,
  DeleteRangeRequest,
  DeleteRangeResponse,
  IdempotencyLevel,
  KvCalls,
  Member,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  RequestOp,
  ResponseOp,
  TracedCallOptions,
  TxnRequest,
  TxnResponse,
  Compare as WireCompare,
} from '#src/wire/index.js';

/** A model of etcd's KV service without history: a sorted list of keys. */
export class ModelStore implements KvCalls {
  /** The store is never replaced. */
  readonly store = { epoch: 0, replacedSince: () => undefined };
  #kvs: KeyValue[] = [];
  #revision: bigint;

  constructor(revision = 1n) {
    this.#revision = revision;
  }

  /** All key-values, by key. */
  get kvs(): readonly KeyValue[] {
    return this.#kvs;
  }

  async range<T = RangeResponse>(
    request: RangeRequest,
    options: TracedCallOptions = {},
    convert?: Convert<RangeRequest, RangeResponse, T>,
  ): Promise<T> {
    options.onAnswer?.(1);
    return converted(this.#range(request), request, convert);
  }

  async put<T = PutResponse>(
    request: PutRequest,
    _level?: IdempotencyLevel,
    _options?: CallOptions,
    convert?: Convert<PutRequest, PutResponse, T>,
  ): Promise<T> {
    this.#revision++;
    return converted(this.#put(request), request, convert);
  }

  async deleteRange<T = DeleteRangeResponse>(
    request: DeleteRangeRequest,
    _level?: IdempotencyLevel,
    _options?: CallOptions,
    convert?: Convert<DeleteRangeRequest, DeleteRangeResponse, T>,
  ): Promise<T> {
    if (this.#kvsIn(request).length > 0) this.#revision++;
    return converted(this.#delete(request), request, convert);
  }

  async txn<T = TxnResponse>(
    request: TxnRequest,
    _level?: IdempotencyLevel,
    _options?: CallOptions,
    convert?: Convert<TxnRequest, TxnResponse, T>,
  ): Promise<T> {
    return converted(this.#runTxn(request), request, convert);
  }

  #runTxn(request: TxnRequest): TxnResponse {
    const before = this.#revision++;
    const answer = this.#txn(request, this.#evaluateCompares(request));
    if (!this.#kvs.some((kv) => kv.modRevision === this.#revision) && !deletes(answer))
      this.#revision = before;
    return { ...answer, header: this.#header };
  }

  async compact() {
    return { header: this.#header };
  }

  keepProcessAlive() {
    return () => {};
  }

  /** As in etcd 3.7, only the last chunk has the header and the count. */
  rangeStream(request: RangeRequest, handlers: Parameters<KvCalls['rangeStream']>[1]) {
    const whole = this.#range(request);
    const chunks: RangeResponse[] = [];
    for (let i = 0; i + 2 < whole.kvs.length; i += 2)
      chunks.push({ header: undefined, kvs: whole.kvs.slice(i, i + 2), more: false, count: 0n });
    chunks.push({ ...whole, kvs: whole.kvs.slice(chunks.length * 2) });
    let ended = false;
    const send = async () => {
      handlers.opened?.({ connectionId: 1 } as Member);
      for (const chunk of chunks) if (!ended) await handlers.message(chunk);
      if (!ended) handlers.end(errorFromServer(Code.UNAVAILABLE, 'the server ended the stream'));
    };
    setImmediate(() => void send());
    const cancel = () => {
      ended = true;
    };
    return { cancel, fail: cancel, failUnresponsive: cancel };
  }

  get #header() {
    return { clusterId: 1n, memberId: 1n, revision: this.#revision, raftTerm: 1n };
  }

  #kvsIn(range: WireRange): KeyValue[] {
    return this.#kvs.filter(({ key }) => contains(range, key));
  }

  #range(request: RangeRequest): RangeResponse {
    const found = this.#kvsIn(request);
    const limit = request.limit === 0n ? found.length : Number(request.limit);
    const kvs = request.countOnly ? [] : found.slice(0, limit).map((kv) => ({ ...kv }));
    return {
      header: this.#header,
      kvs,
      more: !request.countOnly && found.length > limit,
      count: BigInt(found.length),
    };
  }

  #put({ key, value, lease, prevKv }: PutRequest): PutResponse {
    const old = this.#kvsIn({ key, rangeEnd: Buffer.alloc(0) })[0];
    const createRevision = old?.createRevision ?? this.#revision;
    const version = (old?.version ?? 0n) + 1n;
    const kv = { key, value, lease, createRevision, modRevision: this.#revision, version };
    this.#kvs = [...this.#kvs.filter((one) => one !== old), kv].sort((a, b) => a.key.compare(b.key));
    return { header: this.#header, prevKv: prevKv && old ? { ...old } : undefined };
  }

  #delete(request: DeleteRangeRequest): DeleteRangeResponse {
    const deleted = this.#kvsIn(request);
    this.#kvs = this.#kvs.filter((one) => !deleted.includes(one));
    const prevKvs = request.prevKv ? deleted.map((kv) => ({ ...kv })) : [];
    return { header: this.#header, deleted: BigInt(deleted.length), prevKvs };
  }

  /** Evaluates all compares, including nested ones, before any operation; in the order of the operations. */
  #evaluateCompares({ compare, success, failure }: TxnRequest): boolean[] {
    const succeeded = compare.every((one) => this.#holds(one));
    const nested = (succeeded ? success : failure).flatMap(({ request }) =>
      request?.$case === 'requestTxn' ? this.#evaluateCompares(request.value) : [],
    );
    return [succeeded, ...nested];
  }

  #txn({ success, failure }: TxnRequest, path: boolean[]): TxnResponse {
    const succeeded = path.shift() ?? false;
    const responses = (succeeded ? success : failure).map((one) => ({ response: this.#op(one, path) }));
    return { header: undefined, succeeded, responses };
  }

  #op({ request }: RequestOp, path: boolean[]): ResponseOp['response'] {
    switch (request?.$case) {
      case 'requestRange':
        return { $case: 'responseRange', value: this.#range(request.value) };
      case 'requestPut':
        return { $case: 'responsePut', value: this.#put(request.value) };
      case 'requestDeleteRange':
        return { $case: 'responseDeleteRange', value: this.#delete(request.value) };
      case 'requestTxn':
        return { $case: 'responseTxn', value: this.#txn(request.value, path) };
      case undefined:
        throw new Error('an operation without a request');
    }
  }

  #holds(one: WireCompare): boolean {
    const missing = { createRevision: 0n, modRevision: 0n, version: 0n, lease: 0n, value: undefined };
    const kvs = this.#kvsIn(one);
    return (kvs.length > 0 ? kvs : [missing]).every((kv) => {
      const union = one.targetUnion;
      if (!union) throw new Error('a compare without a target');
      if (union.$case !== 'value') return compareHolds(one.result, sign(kv[union.$case], union.value));
      return kv.value !== undefined && compareHolds(one.result, kv.value.compare(union.value));
    });
  }
}

function deletes({ responses }: TxnResponse): boolean {
  return responses.some(({ response }) => {
    if (response?.$case === 'responseDeleteRange') return response.value.deleted > 0n;
    return response?.$case === 'responseTxn' && deletes(response.value);
  });
}

function sign(a: bigint, b: bigint): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** etcd's numbers: equal, greater, less, not equal. */
function compareHolds(result: number, order: number): boolean {
  return [order === 0, order > 0, order < 0, order !== 0][result] ?? false;
}
