import {
  type DeleteResult,
  type EtcdClient,
  EtcdError,
  type GetResult,
  type PutResult,
  type RangeResult,
  type TxnResult,
} from '#src/index.js';
import type { Random } from '../../sim/random.js';
import type { ClientHistory } from '../history/client-history.js';
import { rangeRequest, rangeResponse, type Transaction } from '../history/operations.js';
import { RecordingClient } from '../history/recording-client.js';
import type { Exclusive } from './exclusive.js';
import { prefix, prefixEnd } from './keys.js';
import type { Recorder } from './recorder.js';

/** Far longer than a run: an expiry is not an operation of a client, so the model would not know of it. */
const leaseSeconds = 7_200;

export interface TrafficClientParts {
  /** As the faults name it. */
  readonly name: string;
  readonly etcd: EtcdClient;
  readonly history: ClientHistory;
  readonly recorder: Recorder;
  readonly random: Random;
  readonly exclusive: Exclusive;
}

/**
 * One sequential client of the traffic. A call returns undefined if it fails with an error of the library; its history
 * and the counts of the run know why.
 */
export class TrafficClient {
  /** The lease for `put`, until it is revoked. */
  lease: bigint | undefined;
  readonly #parts: TrafficClientParts;
  readonly #calls: RecordingClient;

  constructor(parts: TrafficClientParts) {
    this.#parts = parts;
    this.#calls = new RecordingClient(parts.etcd, parts.history);
  }

  /** The highest revision that any client of the run has seen. */
  get lastRevision(): bigint {
    return this.#parts.recorder.lastRevision;
  }

  /** A value that is unique in the run. */
  newValue(): string {
    return this.#parts.recorder.newValue();
  }

  /** Runs the work unless another client does such work at this time. */
  exclusively<T>(work: () => Promise<T>): Promise<T | true> {
    return this.#parts.exclusive.run(work);
  }

  /** Reads of the present state may travel in batches; see the option `batchReads` of the client. */
  get(key: string, revision = 0n): Promise<GetResult | undefined> {
    const { etcd, history } = this.#parts;
    const read = (limits: CallLimits) =>
      history.run(
        rangeRequest({ key }, revision),
        () => etcd.kv.get(key, revision === 0n ? limits : { ...limits, revision }),
        ({ kv, revision: at }) => {
          const kvs = kv ? [kv] : [];
          return {
            response: rangeResponse({ key }, { kvs, count: BigInt(kvs.length), revision: at, more: false }),
          };
        },
      );
    return this.#run(revision === 0n ? 'get' : 'stale get', read);
  }

  range(options: { readonly limit: number; readonly revision?: bigint }): Promise<RangeResult | undefined> {
    const { limit, revision = 0n } = options;
    const range = { key: prefix, end: prefixEnd, limit };
    const kind = `${revision === 0n ? '' : 'stale '}range${limit === 0 ? '' : ' with limit'}`;
    return this.#run(kind, (limits) => this.#calls.range(range, { revision, ...limits }));
  }

  /** All keys at one revision, in several requests: for the model one read. */
  stream(): Promise<RangeResult | undefined> {
    const { etcd, history } = this.#parts;
    const range = { key: prefix, end: prefixEnd };
    const read = (limits: CallLimits) =>
      history.run(
        rangeRequest(range, 0n),
        () => readStream(etcd, limits),
        (result) => ({ response: rangeResponse(range, result) }),
      );
    return this.#run('stream', read);
  }

  put(key: string, lease?: bigint): Promise<PutResult | undefined> {
    const value = this.newValue();
    if (lease === undefined) return this.#run('put', (limits) => this.#calls.put(key, value, limits));
    return this.#run('put with lease', (limits) => this.#calls.put(key, value, { lease, ...limits }));
  }

  delete(key: string): Promise<DeleteResult | undefined> {
    return this.#run('delete', (limits) => this.#calls.delete(key, limits));
  }

  txn(txn: Transaction): Promise<TxnResult | undefined> {
    return this.#run('txn', (limits) => this.#calls.txn(txn, limits));
  }

  async grant(): Promise<bigint | undefined> {
    const lease = await this.#run('grant', (limits) => this.#calls.grant(leaseSeconds, limits));
    return lease?.id;
  }

  async revoke(lease: bigint): Promise<true | undefined> {
    return this.#run('revoke', async (limits) => {
      await this.#calls.revoke(lease, limits);
      return true as const;
    });
  }

  async compact(revision: bigint): Promise<true | undefined> {
    return this.#run('compact', async (limits) => {
      await this.#calls.compact(revision, limits);
      return true as const;
    });
  }

  async #run<T>(kind: string, call: (limits: CallLimits) => Promise<T>): Promise<T | undefined> {
    const { name, recorder, random } = this.#parts;
    recorder.begins(name);
    try {
      const result = await call(drawLimits(random));
      recorder.ends(name, kind, 'ok');
      if (hasRevision(result)) recorder.sawRevision(result.revision);
      return result;
    } catch (error) {
      const isUnknown = !isRead(kind) && (!(error instanceof EtcdError) || error.verdict === 'maybe-applied');
      recorder.ends(name, kind, isUnknown ? 'unknown' : 'failed');
      if (!(error instanceof EtcdError) && !(error instanceof CallAborted)) throw error;
      return undefined;
    }
  }
}

interface CallLimits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** The reason with which a client aborts its own call. */
class CallAborted extends Error {
  override readonly name = 'CallAborted';
}

/** Short timeouts and a few aborts: both leave writes of unknown outcome. */
function drawLimits(random: Random): CallLimits {
  const timeoutMs = random.weighted([
    [1, 200],
    [3, 600],
    [4, 1_500],
    [2, 4_000],
  ]);
  if (!random.chance(0.005)) return { timeoutMs };
  const abort = new AbortController();
  setTimeout(() => abort.abort(new CallAborted('no longer wanted')), random.between(0, 20));
  return { timeoutMs, signal: abort.signal };
}

async function readStream(etcd: EtcdClient, limits: CallLimits): Promise<RangeResult> {
  const kvs = [];
  let revision = 0n;
  for await (const batch of etcd.kv.stream({ prefix }, { ...limits, pageSize: 3 })) {
    kvs.push(...batch.kvs);
    revision = batch.revision;
  }
  return { kvs, revision, count: BigInt(kvs.length), more: false };
}

function isRead(kind: string): boolean {
  return /get|range|stream/.test(kind);
}

function hasRevision(result: unknown): result is { readonly revision: bigint } {
  return typeof result === 'object' && result !== null && 'revision' in result;
}
