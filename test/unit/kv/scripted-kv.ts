import { Code, type EtcdError, errorFromServer } from '#src/errors/index.js';
import { type Convert, contains, converted, type KeyValue } from '#src/model/index.js';
import type { KvCalls, Member, RangeRequest, RangeResponse, TracedCallOptions } from '#src/wire/index.js';
import { ModelStore } from './model-store.js';

type Handlers = Parameters<KvCalls['rangeStream']>[1];

/** The script of one RangeStream: the number of chunks it sends, then an error or silence. */
export interface StreamScript {
  readonly chunks: number;
  readonly end: EtcdError | 'silence';
}

/** A server with many keys, a script for each stream and an error for each page, in order. */
export class ScriptedKv extends ModelStore {
  readonly pages: RangeRequest[] = [];
  readonly streams: RangeRequest[] = [];
  readonly streamScripts: StreamScript[] = [];
  readonly pageErrors: (EtcdError | undefined)[] = [];
  /** The number of chunks sent so far, by all streams. */
  chunksSent = 0;
  cancelled = 0;
  reportedUnresponsive = 0;
  processRefs = 0;
  /** The connection of all responses. */
  connection = 1;
  #keys: readonly KeyValue[];
  readonly #chunkKeys: number;
  readonly #running = new Set<() => void>();
  /** Pages with more keys than this are too large for the client. */
  maxPageKeys = Number.POSITIVE_INFINITY;
  /** The store's revision, which increases during a read. */
  #revision: bigint;

  constructor(keys: number, options: { readonly chunkKeys?: number; readonly valueBytes?: number } = {}) {
    super();
    this.#revision = 100n;
    this.#chunkKeys = options.chunkKeys ?? 10;
    const value = Buffer.alloc(options.valueBytes ?? 1);
    this.#keys = Array.from({ length: keys }, (_, i) => ({
      key: Buffer.from(`k${String(i).padStart(6, '0')}`),
      value,
      createRevision: 1n,
      modRevision: 1n,
      version: 1n,
      lease: 0n,
    }));
  }

  override get kvs(): readonly KeyValue[] {
    return this.#keys;
  }

  /** Replaces the connection, which ends all streams; `kvs` are the keys of the store behind the new connection. */
  reconnect(kvs = this.#keys): void {
    this.#keys = kvs;
    this.connection++;
    for (const lose of this.#running) lose();
    this.#running.clear();
  }

  get names(): string[] {
    return this.#keys.map(({ key }) => String(key));
  }

  override async range<T = RangeResponse>(
    request: RangeRequest,
    options: TracedCallOptions = {},
    convert?: Convert<RangeRequest, RangeResponse, T>,
  ): Promise<T> {
    this.pages.push(request);
    await new Promise(setImmediate);
    options.signal?.throwIfAborted();
    const error = this.pageErrors.shift();
    if (error) throw error;
    options.onAnswer?.(this.connection);
    const found = this.#keysOf(request);
    const kvs = found.slice(0, Number(request.limit));
    if (kvs.length > this.maxPageKeys) throw tooLarge();
    const header = { clusterId: 1n, memberId: 1n, revision: this.#revision++, raftTerm: 1n };
    const response = { header, kvs, more: kvs.length < found.length, count: BigInt(found.length) };
    return converted(response, request, convert);
  }

  override keepProcessAlive() {
    this.processRefs++;
    return () => this.processRefs--;
  }

  override rangeStream(request: RangeRequest, handlers: Handlers) {
    this.streams.push(request);
    const { chunks, end } = this.streamScripts.shift() ?? {
      chunks: Number.POSITIVE_INFINITY,
      end: 'silence',
    };
    let ended = false;
    const send = async () => {
      handlers.opened?.({ connectionId: this.connection } as Member);
      const left = this.#keysOf(request);
      for (let i = 0, n = 0; n < chunks; i += this.#chunkKeys, n++) {
        await new Promise(setImmediate);
        if (ended) return;
        const kvs = left.slice(i, i + this.#chunkKeys);
        const isLast = i + this.#chunkKeys >= left.length;
        const header = { clusterId: 1n, memberId: 1n, revision: this.#revision++, raftTerm: 1n };
        this.chunksSent++;
        await handlers.message({ header: isLast ? header : undefined, kvs, more: false, count: 0n });
        if (isLast) return;
      }
      if (!ended && end !== 'silence') handlers.end(end);
    };
    void send();
    this.#running.add(() => {
      if (!ended) handlers.end(connectionDropped());
      ended = true;
    });
    const stop = (how: 'cancelled' | 'reportedUnresponsive') => () => {
      if (!ended) this[how]++;
      ended = true;
    };
    return {
      cancel: stop('cancelled'),
      fail: stop('cancelled'),
      failUnresponsive: stop('reportedUnresponsive'),
    };
  }

  #keysOf(request: RangeRequest): KeyValue[] {
    return this.#keys.filter(({ key }) => contains(request, key));
  }
}

export function connectionDropped(): EtcdError {
  return errorFromServer(Code.UNAVAILABLE, 'Connection dropped');
}

export function unknownMethod(): EtcdError {
  return errorFromServer(Code.UNIMPLEMENTED, 'unknown method RangeStream for service etcdserverpb.KV');
}

export function compacted(): EtcdError {
  return errorFromServer(Code.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted');
}

export function futureRevision(): EtcdError {
  return errorFromServer(Code.OUT_OF_RANGE, 'etcdserver: mvcc: required revision is a future revision');
}

export function tooLarge(): EtcdError {
  return errorFromServer(Code.RESOURCE_EXHAUSTED, 'Received message larger than max (9 vs 1)');
}
