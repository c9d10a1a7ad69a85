import type {
  CallOptions,
  Compare,
  DeleteResult,
  EtcdClient,
  Lease,
  Op,
  PutResult,
  RangeResult,
  TxnResult,
  WatchBatch,
  Watcher,
  WatchOptions,
} from '#src/index.js';
import type { ClientHistory } from './client-history.js';
import type { ModelRequest } from './model.js';
import {
  type Condition,
  deleteRequest,
  deleteResponse,
  putRequest,
  putResponse,
  type Range,
  rangeRequest,
  rangeResponse,
  type Step,
  type Transaction,
  txnRequest,
  txnResponse,
} from './operations.js';
import type { WatchRange, WatchRecord, WatchSettings } from './watch-record.js';

/** The part of a client that is recorded. */
export type RecordedClient = Pick<EtcdClient, 'kv' | 'lease' | 'watch'>;

/** Calls a client and records what it answers. Its calls are sequential; its watches run beside them. */
export class RecordingClient {
  readonly #client: RecordedClient;
  readonly #history: ClientHistory;

  constructor(client: RecordedClient, history: ClientHistory) {
    this.#client = client;
    this.#history = history;
  }

  /** With a revision, the validators compare the result with the store as of then: a stale read. */
  range(
    range: Range,
    { revision = 0n, ...call }: { revision?: bigint } & CallOptions = {},
  ): Promise<RangeResult> {
    return this.#history.run(
      rangeRequest(range, revision),
      () => this.#client.kv.range(keys(range), { ...call, ...filters(range), revision }),
      (result) => ({ response: rangeResponse(range, result) }),
    );
  }

  put(
    key: string,
    value: string,
    { lease = 0n, ...call }: { lease?: bigint } & CallOptions = {},
  ): Promise<PutResult> {
    return this.#history.run(
      putRequest(key, value, lease),
      () => this.#client.kv.put(key, value, lease === 0n ? call : { ...call, lease }),
      (result) => ({ response: putResponse(result) }),
    );
  }

  delete(key: string, call: CallOptions = {}): Promise<DeleteResult> {
    return this.#history.run(
      deleteRequest(key),
      () => this.#client.kv.delete(key, call),
      (result) => ({ response: deleteResponse(result) }),
    );
  }

  txn(txn: Transaction, call: CallOptions = {}): Promise<TxnResult> {
    const { compare, success, failure } = txn;
    return this.#history.run(
      txnRequest(txn),
      () =>
        this.#client.kv.txn(
          { compare: compare.map(toCompare), success: success.map(toOp), failure: failure.map(toOp) },
          call,
        ),
      (result) => ({ response: txnResponse(txn, result) }),
    );
  }

  /** A grant of unknown outcome changes nothing in the model: without its id no key can be attached to the lease. */
  grant(ttlSeconds: number, call: CallOptions = {}): Promise<Lease> {
    return this.#history.run(
      grantRequest(0n),
      () => this.#client.lease.grant({ ...call, ttlSeconds }),
      ({ id }) => ({ request: grantRequest(id), response: { Persisted: true } }),
    );
  }

  revoke(lease: bigint, call: CallOptions = {}): Promise<void> {
    return this.#history.run(
      { Type: 'leaseRevoke', LeaseRevoke: { LeaseID: lease } },
      () => this.#client.lease.revoke(lease, call),
      () => ({ response: { Persisted: true } }),
    );
  }

  compact(revision: bigint, call: CallOptions = {}): Promise<void> {
    return this.#history.run(
      { Type: 'compact', Compact: { Revision: revision } },
      () => this.#client.kv.compact(revision, call),
      () => ({ response: { Compact: {}, Revision: -1n } }),
    );
  }

  /** Watches; each batch is recorded when its reader gets it. */
  watch(
    range: WatchRange,
    settings: WatchSettings = {},
    options: Omit<WatchOptions, keyof WatchSettings> = {},
  ): RecordedWatch {
    const watcher = this.#client.watch('prefix' in range ? range : range.key, { ...options, ...settings });
    const record = this.#history.watch(range, settings);
    const ready = watcher.ready.then((revision) => {
      record.ready(revision);
      return revision;
    });
    ready.catch(() => {}); // The iteration throws it too.
    return { ready, [Symbol.asyncIterator]: () => recorded(watcher, record) };
  }
}

/** A watch whose batches are recorded. Iterate it once. */
export interface RecordedWatch extends AsyncIterable<WatchBatch> {
  /** That of the watcher. */
  readonly ready: Promise<bigint>;
}

async function* recorded(watcher: Watcher, record: WatchRecord): AsyncGenerator<WatchBatch, void, void> {
  for await (const batch of watcher) {
    record.batch(batch);
    yield batch;
  }
}

const grantRequest = (lease: bigint): ModelRequest => ({
  Type: 'leaseGrant',
  LeaseGrant: { LeaseID: lease },
});

const keys = ({ key, end }: Range) => (end === undefined ? key : { key, rangeEnd: end });

const filters = ({ limit = 0, keysOnly = false }: Range) => ({ limit, keysOnly });

function toCompare(condition: Condition): Compare {
  const { key } = condition;
  return 'version' in condition
    ? { key, result: '=', target: 'version', value: condition.version }
    : { key, result: '=', target: 'mod', value: condition.modRevision };
}

function toOp(step: Step): Op {
  switch (step.type) {
    case 'range':
      return { type: 'range', range: keys(step), options: filters(step) };
    case 'put':
      return { type: 'put', key: step.key, value: step.value };
    case 'delete':
      return { type: 'delete', range: step.key };
  }
}
