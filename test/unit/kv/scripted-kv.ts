import { Code, type EtcdError, errorFromServer } from '#src/errors/index.js';
import { contains, type KeyValue } from '#src/model/index.js';
import type { KvCalls, Member, RangeRequest, RangeResponse } from '#src/wire/index.js';
import { ModelStore } from './model-store.js';

type Handlers = Parameters<KvCalls['rangeStream']>[1];

/** What becomes of one RangeStream: so many pieces, then the error, or silence; without an end it comes to its own. */
export interface StreamFate {
  readonly pieces: number;
  readonly end: EtcdError | 'silence';
}

/** etcd's answer to a range of many keys, with a fate for each stream and an error for each page, in order. */
export class ScriptedKv extends ModelStore {
  readonly pages: RangeRequest[] = [];
  readonly streams: RangeRequest[] = [];
  readonly fates: StreamFate[] = [];
  readonly pageErrors: (EtcdError | undefined)[] = [];
  /** Pieces handed over so far, by all streams. */
  pushed = 0;
  cancelled = 0;
  abandoned = 0;
  holders = 0;
  /** Whatever is asked comes over this one. */
  connection = 1;
  #keys: readonly KeyValue[];
  readonly #pieceKeys: number;
  readonly #running = new Set<() => void>();
  /** Whole answers over this many keys are too large to take. */
  mostKeys = Number.POSITIVE_INFINITY;
  /** The store's revision, which moves on while it is read. */
  #revision: bigint;

  constructor(keys: number, options: { readonly pieceKeys?: number; readonly valueBytes?: number } = {}) {
    super();
    this.#revision = 100n;
    this.#pieceKeys = options.pieceKeys ?? 10;
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

  /** The connection and all streams are lost, and another one is made; to a store with these keys, if any are given. */
  reconnect(kvs = this.#keys): void {
    this.#keys = kvs;
    this.connection++;
    for (const lose of this.#running) lose();
    this.#running.clear();
  }

  get names(): string[] {
    return this.#keys.map(({ key }) => String(key));
  }

  override async range(
    request: RangeRequest,
    options: Parameters<KvCalls['range']>[1] = {},
  ): Promise<RangeResponse> {
    this.pages.push(request);
    await new Promise(setImmediate);
    options.signal?.throwIfAborted();
    const error = this.pageErrors.shift();
    if (error) throw error;
    options.onAnswer?.(this.connection);
    const found = this.#from(request);
    const kvs = found.slice(0, Number(request.limit));
    if (kvs.length > this.mostKeys) throw tooLarge();
    const header = { clusterId: 1n, memberId: 1n, revision: this.#revision++, raftTerm: 1n };
    return { header, kvs, more: kvs.length < found.length, count: BigInt(found.length) };
  }

  override keepProcessAlive() {
    this.holders++;
    return () => this.holders--;
  }

  override rangeStream(request: RangeRequest, handlers: Handlers) {
    this.streams.push(request);
    const { pieces, end } = this.fates.shift() ?? { pieces: Number.POSITIVE_INFINITY, end: 'silence' };
    let over = false;
    const send = async () => {
      handlers.opened?.({ connectionId: this.connection } as Member);
      const left = this.#from(request);
      for (let i = 0, n = 0; n < pieces; i += this.#pieceKeys, n++) {
        await new Promise(setImmediate);
        if (over) return;
        const kvs = left.slice(i, i + this.#pieceKeys);
        const isLast = i + this.#pieceKeys >= left.length;
        const header = { clusterId: 1n, memberId: 1n, revision: this.#revision++, raftTerm: 1n };
        this.pushed++;
        await handlers.message({ header: isLast ? header : undefined, kvs, more: false, count: 0n });
        if (isLast) return;
      }
      if (!over && end !== 'silence') handlers.end(end);
    };
    void send();
    this.#running.add(() => {
      if (!over) handlers.end(cut());
      over = true;
    });
    const stop = (how: 'cancelled' | 'abandoned') => () => {
      if (!over) this[how]++;
      over = true;
    };
    return { cancel: stop('cancelled'), cancelUnresponsive: stop('abandoned') };
  }

  #from(request: RangeRequest): KeyValue[] {
    return this.#keys.filter(({ key }) => contains(request, key));
  }
}

export function cut(): EtcdError {
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
