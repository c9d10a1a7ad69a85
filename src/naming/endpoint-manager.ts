import { CancellableIterator, onAbort } from '../async/index.js';
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
  type Revision,
  waitChecks,
  withJson,
} from '../model/index.js';
import { checkEndpointNames } from './check-endpoint.js';
import type { Endpoint, EndpointRecord } from './endpoint.js';
import { type EndpointOp, toTxnOps } from './endpoint-ops.js';
import { type EndpointEvent, EndpointSet, toRecord } from './endpoint-set.js';
import { checkClient, type NamingClient } from './ports.js';
import { retainEndpoint } from './retain-endpoint.js';
import { isDirect, keyPrefix, serviceFor } from './target/index.js';

export interface ManagerCallOptions {
  /** Cancels the call, which then rejects with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds, tries included. Default: the client's. */
  readonly timeoutMs?: number;
}

export interface ManagerOptions {
  /**
   * List and watch only keys right below the target, and not those of targets nested in it. Default false, as in Go:
   * `foo` also sees `foo/bar/1`.
   */
  readonly direct?: boolean;
}

export interface AddOptions extends ManagerCallOptions {
  /** The lease, or its handle, by which the endpoint lives. Default: none, it stays until deleted. */
  readonly lease?: LeaseId | { readonly id: LeaseId };
}

export interface ListOptions extends ManagerCallOptions {
  /** Answer from the member's own state, which may be stale, as Go does. Default false. */
  readonly serializable?: boolean;
}

const checkManager = optionsChecker<ManagerOptions>({ direct: boolean });
const checkAdd = optionsChecker<AddOptions>({ lease: anything, ...waitChecks });
const checkList = optionsChecker<ListOptions>({ serializable: boolean, ...waitChecks });

/**
 * The endpoints of one target, stored as Go's `endpoints.Manager` stores them: `<target>/<id>`, so that each side
 * reads what the other wrote. As in Go a target also covers keys nested below it: `foo` sees `foo/bar/1`.
 */
export class EndpointManager {
  /** The service's name, also where a URI was given. */
  readonly target: string;
  readonly #client: NamingClient;
  readonly #isWanted: (key: string) => boolean;

  /**
   * @param target A service's name, or the URI that is dialled, such as `etcd:///foo/bar`. Go takes a URI for a name.
   * @throws {NamingError} `invalid etcd client` or `invalid target`, as Go's NewManager.
   */
  constructor(client: NamingClient, target: string, options: ManagerOptions = noOptions) {
    this.#client = checkClient(client);
    this.target = serviceFor(target, client);
    checkManager(options);
    this.#isWanted = options.direct ? (key) => isDirect(this.target, key) : () => true;
  }

  /**
   * Carries out all operations or none, in one transaction of one revision.
   * @throws {NamingError} before anything is sent; else as `kv.txn`.
   */
  async update(
    operations: readonly EndpointOp[],
    options: ManagerCallOptions = noOptions,
  ): Promise<{ revision: Revision }> {
    checkWait(options);
    const { revision } = await this.#client.kv.txn({ success: toTxnOps(this.target, operations) }, options);
    return withJson({ revision });
  }

  /** Stores an endpoint under `key`, a text or bytes, over whatever is there. With a lease it goes when the lease does. */
  async addEndpoint(
    key: Bytes,
    endpoint: Endpoint,
    options: AddOptions = noOptions,
  ): Promise<{ revision: Revision }> {
    checkAdd(options);
    checkEndpointNames(endpoint);
    const { lease, ...call } = options;
    const id = typeof lease === 'object' && lease !== null ? lease.id : lease;
    return this.update([{ op: 'add', key, endpoint, lease: id }], call);
  }

  /** Deletes an endpoint by the key of its record, or by bytes; one that is not there is deleted already. */
  async deleteEndpoint(key: Bytes, options: ManagerCallOptions = noOptions): Promise<{ revision: Revision }> {
    checkWait(options);
    return this.update([{ op: 'delete', key }], options);
  }

  /**
   * All endpoints by key, in key order, at one revision however many they are. Values that are not endpoints are left
   * out. Linearizable, where Go's list may
   * be stale; `serializable: true` reads as Go does.
   */
  async list(options: ListOptions = noOptions): Promise<ReadonlyMap<string, EndpointRecord>> {
    checkList(options);
    const records = collectionWithJson(new Map<string, EndpointRecord>());
    for await (const { kvs } of this.#client.kv.stream({ prefix: keyPrefix(this.target) }, options)) {
      for (const kv of kvs) {
        const record = toRecord(kv);
        if (record && this.#isWanted(record.key)) records.set(record.key, record);
      }
    }
    return records;
  }

  /**
   * A snapshot first, then a delta for each revision that changes something, for as long as it is iterated: through outages, and past a compaction by a
   * new snapshot. Go's channel closes there and its view is stale for ever. Ends by error only for what waiting
   * cannot mend, by the signal's own reason, or with ClosedError.
   */
  watch(
    options: { readonly signal?: AbortSignal | undefined } = noOptions,
  ): AsyncGenerator<EndpointEvent, undefined> {
    checkSignalOnly(options);
    return new CancellableIterator((leaving) => this.#events(options.signal, leaving));
  }

  async *#events(
    signal: AbortSignal | undefined,
    leaving: AbortSignal,
  ): AsyncGenerator<EndpointEvent, undefined> {
    const set = new EndpointSet(this.#isWanted);
    const prefix = keyPrefix(this.target);
    const mirror = this.#client.mirror({ prefix }, { signal, eachRevision: true, retain: retainEndpoint });
    const updates = mirror[Symbol.asyncIterator]();
    onAbort(leaving, () => void updates.return?.());
    for await (const update of { [Symbol.asyncIterator]: () => updates }) {
      const { invalid } = set;
      const event = set.apply(update);
      if (!isEmptyDelta(event) || event.invalid !== invalid) yield event;
    }
  }
}

/** Whether it changes no record, such as one of a nested target. */
function isEmptyDelta(event: EndpointEvent): boolean {
  return event.type === 'delta' && event.added.length + event.changed.length + event.removed.length === 0;
}
