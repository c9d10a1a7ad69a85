import type { EtcdError, RequestDescription } from '../errors/index.js';
import type {
  CompactionRequest,
  CompactionResponse,
  DeleteRangeRequest,
  DeleteRangeResponse,
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseLeasesResponse,
  LeaseRevokeResponse,
  LeaseTimeToLiveRequest,
  LeaseTimeToLiveResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
  WatchRequest,
} from '../gen/etcd/rpc.js';
import type { Convert } from '../model/index.js';
import type { BatchAttempts } from './batch-attempts.js';
import type { Caller, EarlierAttempt } from './call/pending-call.js';
import type { TracedCall } from './call/traced-call.js';
import * as kv from './codec/kv-answers.js';
import * as methods from './codec/methods.js';
import { type WatchResponse, watch } from './codec/watch-answer.js';
import type { Member } from './member/member.js';
import type { StoreIdentity } from './member/store-identity.js';
import type { CallOptions, IdempotencyLevel, TracedCallOptions } from './method.js';
import { openRangeStream, type RangeStream } from './range-stream.js';
import type { Duplex, DuplexHandlers, ReportableDuplex } from './stream/duplex.js';
import type { DuplexOptions } from './stream/registry.js';
import type { Transport } from './transport.js';

/** The RPCs of etcd's KV service, for the `kv` module. */
export interface KvCalls {
  /** The identity of the store that answers. */
  readonly store: Pick<StoreIdentity, 'epoch' | 'replacedSince'>;
  range<T = RangeResponse>(
    request: RangeRequest,
    options?: TracedCallOptions,
    convert?: Convert<RangeRequest, RangeResponse, T>,
  ): Promise<NoInfer<T>>;
  put<T = PutResponse>(
    request: PutRequest,
    idempotency: IdempotencyLevel,
    options?: CallOptions,
    convert?: Convert<PutRequest, PutResponse, T>,
  ): Promise<NoInfer<T>>;
  deleteRange<T = DeleteRangeResponse>(
    request: DeleteRangeRequest,
    idempotency: IdempotencyLevel,
    options?: CallOptions,
    convert?: Convert<DeleteRangeRequest, DeleteRangeResponse, T>,
  ): Promise<NoInfer<T>>;
  txn<T = TxnResponse>(
    request: TxnRequest,
    idempotency: IdempotencyLevel,
    options?: CallOptions,
    convert?: Convert<TxnRequest, TxnResponse, T>,
  ): Promise<NoInfer<T>>;
  compact(request: CompactionRequest, options?: CallOptions): Promise<CompactionResponse>;
  /** Keeps the process alive until the returned function is called. */
  keepProcessAlive(): () => void;
  /** Sends RangeStream of etcd 3.7, which answers in chunks. Only the last chunk has the header, `more` and `count`. */
  rangeStream(request: RangeRequest, handlers: DuplexHandlers<RangeResponse>): RangeStream;
}

/** The trace of a read, which may be part of a batch. */
export type ReadTrace = Pick<
  TracedCall,
  | 'start'
  | 'attemptSent'
  | 'attemptUnsent'
  | 'attemptEnded'
  | 'answered'
  | 'succeeded'
  | 'failed'
  | 'requestBytes'
  | 'revision'
>;

/** What batched reads of the `kv` module need. */
export interface BatchCalls
  extends Pick<
    BatchAttempts,
    'store' | 'connectionAt' | 'factsOf' | 'send' | 'beforeAnswer' | 'keepProcessAlive' | 'allowExit'
  > {
  /** Begins the trace of a read of the key; undefined while calls are not traced. */
  trace(key: Buffer): ReadTrace | undefined;
  /** Sends a read as a request of its own, possibly after it was part of a batch. */
  range<T>(read: RangeCaller<T>, options: TracedCallOptions, earlier: EarlierAttempt): void;
}

/** A read and what becomes of its answer. */
export interface RangeCaller<T> extends Pick<Caller<RangeRequest, RangeResponse, T>, 'resolve' | 'reject'> {
  readonly request: RangeRequest;
  readonly convert: Convert<RangeRequest, RangeResponse, T>;
}

/** The RPCs of etcd's Lease service, for the `lease` module. */
export interface LeaseCalls {
  grant(request: LeaseGrantRequest, options?: TracedCallOptions): Promise<LeaseGrantResponse>;
  revoke(id: bigint, options?: TracedCallOptions): Promise<LeaseRevokeResponse>;
  timeToLive(request: LeaseTimeToLiveRequest, options?: CallOptions): Promise<LeaseTimeToLiveResponse>;
  leases(options?: CallOptions): Promise<LeaseLeasesResponse>;
  /** The client's user, for error messages. */
  readonly user?: Pick<RequestDescription, 'user' | 'hasAuth'>;
  /** The client's default time limit of a call, in milliseconds. */
  readonly timeoutMs: number;
  /** See Transport, as for `refreshToken`. */
  readonly tokenGeneration: number;
  refreshToken(used: number, cause: EtcdError): Promise<void>;
  /** Keeps the process alive until the returned function is called. */
  keepProcessAlive(): () => void;
  keepAlive(
    options: DuplexOptions,
    handlers: DuplexHandlers<LeaseKeepAliveResponse>,
  ): ReportableDuplex<LeaseKeepAliveRequest>;
}

/** The RPCs of etcd's Watch service, for the `watch` module. */
export interface WatchCalls {
  /** The client's user, for error messages. */
  readonly user?: Pick<RequestDescription, 'user' | 'hasAuth'>;
  /** See Transport, as for `onToken` and `refreshToken`. */
  readonly tokenGeneration: number;
  onToken(listener: (generation: number) => void): void;
  /** Registers a listener that is called as soon as an answer shows that the store was replaced. */
  onStoreReplaced(listener: (error: EtcdError) => void): void;
  refreshToken(used: number, cause: EtcdError): Promise<void>;
  versionOf(member: Member): Promise<string | undefined>;
  /** Keeps the process alive until the returned function is called. */
  keepProcessAlive(): () => void;
  watch(options: DuplexOptions, handlers: DuplexHandlers<WatchResponse>): Duplex<WatchRequest>;
}

export function kvCalls(transport: Transport): KvCalls {
  return {
    store: transport.store,
    range: (request, options, convert) =>
      transport.unary(kv.range, request, request.serializable ? 'local-read' : 'read', options, convert),
    put: (request, idempotency, options, convert) =>
      transport.unary(kv.put, request, idempotency, options, convert),
    deleteRange: (request, idempotency, options, convert) =>
      transport.unary(kv.deleteRange, request, idempotency, options, convert),
    txn: (request, idempotency, options, convert) =>
      transport.unary(kv.txn, request, idempotency, options, convert),
    compact: (request, options) => transport.unary(methods.compact, request, 'write', options),
    keepProcessAlive: () => transport.keepProcessAlive(),
    rangeStream: (request, handlers) => openRangeStream(transport, request, handlers),
  };
}

export function batchCalls(transport: Transport): BatchCalls {
  const { batches } = transport;
  return {
    store: batches.store,
    connectionAt: (now) => batches.connectionAt(now),
    factsOf: (connection) => batches.factsOf(connection),
    send: (connection, request, remainingMs) => batches.send(connection, request, remainingMs),
    beforeAnswer: () => batches.beforeAnswer(),
    keepProcessAlive: () => batches.keepProcessAlive(),
    allowExit: () => batches.allowExit(),
    trace: (key) => transport.traceCall(kv.range, { key, rangeEnd: noBytes }),
    range({ request, convert, resolve, reject }, options, earlier) {
      const idempotency = request.serializable ? 'local-read' : 'read';
      transport.call({ method: kv.range, request, idempotency, convert, resolve, reject }, options, earlier);
    },
  };
}

const noBytes = Buffer.alloc(0);

/** Grant and revoke contain the lease id, so both may be sent twice. Their callers interpret the second answer. */
export function leaseCalls(transport: Transport): LeaseCalls {
  return {
    grant: (request, options) => transport.unary(methods.leaseGrant, request, 'idempotent', options),
    revoke: (id, options) => transport.unary(methods.leaseRevoke, { ID: id }, 'idempotent', options),
    timeToLive: (request, options) => transport.unary(methods.leaseTimeToLive, request, 'read', options),
    leases: (options) => transport.unary(methods.leaseLeases, {}, 'local-read', options),
    get user() {
      return transport.user;
    },
    get timeoutMs() {
      return transport.timeoutMs;
    },
    get tokenGeneration() {
      return transport.tokenGeneration;
    },
    refreshToken: (used, cause) => transport.refreshToken(used, cause),
    keepProcessAlive: () => transport.keepProcessAlive(),
    keepAlive: (options, handlers) => transport.duplex(methods.leaseKeepAlive, options, handlers),
  };
}

export function watchCalls(transport: Transport): WatchCalls {
  return {
    get user() {
      return transport.user;
    },
    get tokenGeneration() {
      return transport.tokenGeneration;
    },
    onToken: (listener) => transport.onToken(listener),
    onStoreReplaced: (listener) => transport.store.onReplaced(listener),
    refreshToken: (used, cause) => transport.refreshToken(used, cause),
    keepProcessAlive: () => transport.keepProcessAlive(),
    versionOf: (member) => transport.versionOf(member),
    watch: (options, handlers) => transport.duplex(watch, options, handlers),
  };
}

export type { Compare, RequestOp, ResponseOp } from '../gen/etcd/rpc.js';
export type { KeyRead, ReadBatchRequest, ReadBatchResponse } from './codec/read-batch.js';
export type {
  CompactionRequest,
  DeleteRangeRequest,
  DeleteRangeResponse,
  LeaseKeepAliveResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
  WatchRequest,
  WatchResponse,
};
