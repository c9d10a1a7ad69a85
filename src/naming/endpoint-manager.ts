import { CancellableIterator, OneLoop, onAbort, secondLoopError } from '../async/index.js';
import type { TxnResult } from '../kv/index.js';
import { type MirrorOptions, retainOption } from '../mirror/index.js';
import {
  anything,
  type Bytes,
  boolean,
  checkSignalOnly,
  checkWait,
  collectionWithJson,
  type LeaseId,
  noOptions,
  optionsChecker,
  waitChecks,
  withJson,
} from '../model/index.js';
import { checkEndpointNames } from './check-endpoint.js';
import { checkCodec } from './codec/check-codec.js';
import type { EndpointCodec } from './codec/endpoint-codec.js';
import { directOnly, recordFormat } from './codec/format-of.js';
import type { RecordFormat } from './codec/record-format.js';
import type { Endpoint, EndpointRecord } from './endpoint.js';
import { type EndpointOp, toTxnOps } from './endpoint-ops.js';
import { type EndpointEvent, EndpointSet, toRecord } from './endpoint-set.js';
import { checkClient, type NamingClient } from './ports.js';
import { resolveService } from './target/index.js';

/** Options of each call of an {@link EndpointManager}. */
export interface ManagerCallOptions {
  /** Aborts the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The time limit of the call in milliseconds, including retries. Default: the client's `timeoutMs`. */
  readonly timeoutMs?: number;
}

/** Options of an {@link EndpointManager}. */
export interface ManagerOptions {
  /**
   * Whether to list and watch only keys directly below the target, without those of nested targets. Default false, as in
   * Go: `foo` also covers `foo/bar/1`.
   */
  readonly direct?: boolean;
  /** The format of the records, such as `kratos()` of `@org/etcd-naming/codecs`. Default: that of Go's `endpoints`. */
  readonly codec?: EndpointCodec;
}

/** Options of {@link EndpointManager.addEndpoint}. */
export interface AddEndpointOptions extends ManagerCallOptions {
  /**
   * The id or the handle of a lease: the endpoint is deleted when the lease ends. Default: no lease; the endpoint stays
   * until it is deleted.
   */
  readonly lease?:
    | LeaseId
    | {
        /** The id of the lease. A `HeldLease` has it. */
        readonly id: LeaseId;
      };
}

/** Options of {@link EndpointManager.list}. */
export interface ListEndpointsOptions extends ManagerCallOptions {
  /** Whether to read a member's local state, which may be stale, as Go does. Default false: a linearizable read. */
  readonly serializable?: boolean;
}

const checkManager = optionsChecker<ManagerOptions>({ direct: boolean, codec: checkCodec });
const checkAdd = optionsChecker<AddEndpointOptions>({ lease: anything, ...waitChecks });
const checkList = optionsChecker<ListEndpointsOptions>({ serializable: boolean, ...waitChecks });

/**
 * Manages the endpoints of one target. They are stored under `<target>/<id>`, in the format of Go's `endpoints.Manager`:
 * each of the two reads the other's records. As in Go, a target also covers nested keys: `foo` covers `foo/bar/1`.
 * @example
 * ```ts
 * const manager = new EndpointManager(client, 'foo/bar/my-service');
 * await manager.addEndpoint('foo/bar/my-service/e1', { addr: '10.0.0.7:50051', metadata: { weight: 2 } });
 * for (const [key, { addr }] of await manager.list()) console.log(key, addr);
 * ```
 */
export class EndpointManager {
  /** The service's name, even if the constructor was given a URI. */
  readonly target: string;
  readonly #client: NamingClient;
  readonly #format: RecordFormat;

  /**
   * @param target A service's name or a URI such as `etcd:///foo/bar`. Go treats a URI as a name.
   * @throws {NamingError} `invalid etcd client` or `invalid target`, like Go's NewManager.
   */
  constructor(client: NamingClient, target: string, options: ManagerOptions = noOptions) {
    this.#client = checkClient(client);
    this.target = resolveService(target, client);
    checkManager(options);
    const format = recordFormat(this.target, options.codec);
    this.#format = options.direct ? directOnly(format) : format;
  }

  /**
   * Applies all operations in one transaction, with one revision.
   * @throws {NamingError} for invalid operations, before a request is sent; otherwise like `kv.txn`.
   */
  async update(
    operations: readonly EndpointOp[],
    options: ManagerCallOptions = noOptions,
  ): Promise<Pick<TxnResult, 'revision'>> {
    checkWait(options);
    const { revision } = await this.#client.kv.txn({ success: toTxnOps(this.#format, operations) }, options);
    return withJson({ revision });
  }

  /**
   * Stores an endpoint under `key`, the full key as text or bytes. Overwrites an existing record.
   * @throws as {@link update}.
   */
  async addEndpoint(
    key: Bytes,
    endpoint: Endpoint,
    options: AddEndpointOptions = noOptions,
  ): Promise<Pick<TxnResult, 'revision'>> {
    checkAdd(options);
    checkEndpointNames(endpoint);
    const { lease, ...call } = options;
    const id = typeof lease === 'object' && lease !== null ? lease.id : lease;
    return this.update([{ op: 'add', key, endpoint, lease: id }], call);
  }

  /**
   * Deletes the endpoint under `key`, the full key as text or bytes. Succeeds if the key is absent.
   * @throws as {@link update}.
   */
  async deleteEndpoint(
    key: Bytes,
    options: ManagerCallOptions = noOptions,
  ): Promise<Pick<TxnResult, 'revision'>> {
    checkWait(options);
    return this.update([{ op: 'delete', key }], options);
  }

  /**
   * Returns all endpoints by key, in key order. All are of one revision, even if they are read in several pages. Omits
   * values that are not endpoints. Linearizable by default; Go's list is serializable and may be stale.
   */
  async list(options: ListEndpointsOptions = noOptions): Promise<ReadonlyMap<string, EndpointRecord>> {
    checkList(options);
    const records = collectionWithJson(new Map<string, EndpointRecord>());
    for await (const { kvs } of this.#client.kv.stream({ prefix: this.#format.prefix }, options)) {
      for (const kv of kvs) {
        const record = toRecord(this.#format, kv);
        if (typeof record === 'object') records.set(record.key, record);
      }
    }
    return records;
  }

  /**
   * Yields a snapshot, then a delta for each revision that changes an endpoint. Survives outages; after a compaction it
   * yields a new snapshot, where Go's channel closes and its view stays stale forever. Can be iterated once.
   * @throws (from the iterator) a final error such as PermissionDeniedError, the signal's reason, or ClosedError.
   */
  watch(
    options: { readonly signal?: AbortSignal | undefined } = noOptions,
  ): AsyncGenerator<EndpointEvent, undefined> {
    checkSignalOnly(options);
    const events = new CancellableIterator((left) => this.#events(options.signal, left));
    return new OneLoop(events, () => secondLoopError('a watch', 'watch'));
  }

  async *#events(
    signal: AbortSignal | undefined,
    left: AbortSignal,
  ): AsyncGenerator<EndpointEvent, undefined> {
    const format = this.#format;
    const { prefix } = format;
    const set = new EndpointSet(format);
    const options: MirrorOptions = { signal, eachRevision: true };
    const mirror = this.#client.mirror({ prefix }, retainOption.set(options, format.retain));
    const updates = mirror[Symbol.asyncIterator]();
    onAbort(left, () => void updates.return?.());
    for await (const update of { [Symbol.asyncIterator]: () => updates }) {
      const { invalid } = set;
      const event = set.apply(update);
      if (!isEmptyDelta(event) || event.invalid !== invalid) yield event;
    }
  }
}

/** Whether a delta changes no record, such as one with only keys of nested targets. */
function isEmptyDelta(event: EndpointEvent): boolean {
  return event.type === 'delta' && event.added.length + event.changed.length + event.removed.length === 0;
}
