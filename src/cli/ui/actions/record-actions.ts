import { AmbiguousWriteError, type EtcdClient, type KeyValue } from '../../../index.js';
import type { SelectedCodec } from '../../args/codec.js';
import type { Target } from '../../args/target.js';
import { outcomeOf, type RecordChange, writeIfUnchanged } from '../../data/conditional-writes.js';
import { targetOfKey } from '../../data/key-target.js';
import { fetchLeaseState } from '../../data/leases.js';
import { queueOf } from '../../data/queue-key.js';
import { escapeAndTruncate } from '../../output/text.js';
import { ApiError, type Backend, type Catalog } from '../ports.js';
import type {
  ActionReply,
  ActionRequest,
  EndpointRow,
  PreviewReply,
  RecordReply,
  RecordRequest,
} from '../protocol/index.js';
import { withApiErrors } from './api-errors.js';
import { changesOf, type Plan, planAction } from './plan.js';
import { toRecordReply } from './record-reply.js';
import { parseModRevision, requireShownKey } from './requests.js';
import { otherEndpoints, warningsOf } from './warnings.js';

export interface ActionOptions {
  readonly client: Pick<EtcdClient, 'kv' | 'lease'>;
  /** The prefix of the keys that the page shows; nothing else is read or changed. */
  readonly prefix: string;
  /** Undefined: Go's format. */
  readonly codec: SelectedCodec | undefined;
  /** What else is registered, for the warnings. */
  readonly catalog: Pick<Catalog, 'snapshot'>;
  /** The row of a record as the catalog makes it; undefined for a key without one, such as that of a lock. */
  readonly toRow: (kv: KeyValue) => EndpointRow | undefined;
}

/** What a lookup of the lease may delay a preview. */
const leaseTimeoutMs = 2_000;

/** Reads and changes single records for the page. Each change holds for one version of its record and is never repeated. */
export class RecordActions implements Pick<Backend, 'record' | 'preview' | 'perform'> {
  readonly #options: ActionOptions;

  constructor(options: ActionOptions) {
    this.#options = options;
  }

  record({ key }: RecordRequest, signal: AbortSignal): Promise<RecordReply> {
    return withApiErrors(async () => {
      requireShownKey(key, this.#options.prefix);
      const { kv } = await this.#options.client.kv.get(key, { signal });
      if (!kv) throw new ApiError('not-found', `${quoted(key)} does not exist`);
      return toRecordReply(kv, targetOfKey(key, this.#options.codec));
    });
  }

  preview(request: ActionRequest, signal: AbortSignal): Promise<PreviewReply> {
    return withApiErrors(async () => {
      const { target, kv, plan } = await this.#plan(request, signal);
      const { client, catalog } = this.#options;
      const lease = await fetchLeaseState(client, kv.lease, { signal, timeoutMs: leaseTimeoutMs });
      const others = otherEndpoints(catalog.snapshot()?.rows, target.service, request.key);
      return {
        changes: changesOf(target, kv, plan),
        warnings: warningsOf({
          ...{ request, plan, lease, others, canDrain: target.format.canDrain },
          isQueueKey: queueOf(request.key, kv.lease) !== undefined,
        }),
      };
    });
  }

  /** The signal ends the read before the write. The write itself is not aborted: its result would be unknown. */
  perform(request: ActionRequest, signal: AbortSignal): Promise<ActionReply> {
    return withApiErrors(async () => {
      const { kv, plan, revision } = await this.#plan(request, signal);
      signal.throwIfAborted();
      if (!plan.change) return { revision: String(revision), changed: false };
      return { revision: String(await this.#write(request.key, kv, plan.change)), changed: true };
    });
  }

  /** @throws {ApiError} of code `conflict` unless the record is in the version of the request. */
  async #plan(
    request: ActionRequest,
    signal: AbortSignal,
  ): Promise<{ target: Target; kv: KeyValue; plan: Plan; revision: bigint }> {
    const seen = parseModRevision(request.modRevision);
    const target = this.#targetOf(request.key);
    const { kv, revision } = await this.#options.client.kv.get(request.key, { signal });
    if (kv?.modRevision !== seen || !kv) throw this.#conflict(request.key, kv);
    if (!this.#options.toRow(kv)) throw new ApiError('refused', `${quoted(request.key)} is not an endpoint`);
    return { target, kv, plan: planAction(target, kv, request), revision };
  }

  #targetOf(key: string): Target {
    requireShownKey(key, this.#options.prefix);
    const target = targetOfKey(key, this.#options.codec);
    if (target) return target;
    throw new ApiError('invalid', `${quoted(key)} is not the key of an endpoint`);
  }

  async #write(key: string, kv: KeyValue, change: RecordChange): Promise<bigint> {
    try {
      const result = await writeIfUnchanged(this.#options.client, kv, change);
      if (result.succeeded) return result.revision;
      throw this.#conflict(key, result.found);
    } catch (error) {
      if (!(error instanceof AmbiguousWriteError)) throw error;
      return this.#afterLostAnswer(key, kv, change, error);
    }
  }

  /** Reads the record once, and reports only what that proves. */
  async #afterLostAnswer(
    key: string,
    kv: KeyValue,
    change: RecordChange,
    lost: AmbiguousWriteError,
  ): Promise<bigint> {
    const read = await this.#options.client.kv.get(key).catch(() => undefined);
    if (!read) throw lost;
    const found = read.kv;
    switch (outcomeOf(kv, change, found)) {
      case 'applied':
        return found?.modRevision ?? read.revision;
      case 'not-applied':
        throw this.#conflict(key, found);
      case 'not-yet':
        throw ambiguous(lost, `${quoted(key)} has not changed so far, but may still change`);
      case 'unknown':
        throw ambiguous(
          lost,
          found ? `${quoted(key)} was written since` : `${quoted(key)} is gone, perhaps by another process`,
        );
    }
  }

  #conflict(key: string, kv: KeyValue | undefined): ApiError {
    const what = kv ? 'was changed by another process' : 'was deleted';
    const current = kv && this.#options.toRow(kv);
    return new ApiError('conflict', `${quoted(key)} ${what}; nothing was changed by this action`, {
      ...(current ? { current } : {}),
    });
  }
}

function ambiguous(lost: AmbiguousWriteError, what: string): ApiError {
  return new ApiError('ambiguous', `the answer of etcd was lost; ${what}`, { cause: lost });
}

function quoted(key: string): string {
  return `'${escapeAndTruncate(key)}'`;
}
