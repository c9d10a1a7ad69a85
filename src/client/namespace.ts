import { InvalidInputError } from '../errors/index.js';
import { KvClient, type KvTimes, namespacedKvCalls } from '../kv/index.js';
import type { LeaseClient, TimeToLiveOptions } from '../lease/index.js';
import { Mirror, type MirrorOptions } from '../mirror/index.js';
import {
  type Bytes,
  type KeyRange,
  keyBytes,
  type LeaseId,
  noOptions,
  stripPrefix,
  withJson,
} from '../model/index.js';
import type { WatchClient, Watcher, WatchOptions } from '../watch/index.js';
import type { CallOptions, KvCalls } from '../wire/index.js';

/** What a namespace needs of the client it is a view of. */
export interface NamespaceParent {
  readonly calls: KvCalls;
  readonly maxTxnOps: number;
  readonly times: KvTimes;
  readonly lease: LeaseClient;
  readonly watch: WatchClient;
  readonly random: () => number;
  readonly closed: () => boolean;
  onClose(callback: () => void): () => void;
}

/** The Lease service as seen from inside a namespace. */
export type NamespacedLease = Pick<LeaseClient, Exclude<keyof LeaseClient, 'close'>>;

/**
 * A client as seen from inside a prefix: every key that goes in gets it, every key that comes out loses it, and no
 * range, watch or transaction reaches outside. Revisions, leases and compaction are the store's own. It lives on the
 * client's connections and streams, and ends with the client.
 */
export class EtcdNamespace {
  readonly prefix: Buffer;
  readonly kv: KvClient;
  readonly lease: NamespacedLease;
  readonly #parent: NamespaceParent;

  /** @throws {InvalidInputError} for an empty prefix. */
  constructor(parent: NamespaceParent, prefix: Bytes) {
    this.prefix = Buffer.from(keyBytes(prefix)); // a copy: the caller's bytes may change
    if (this.prefix.length === 0) throw new InvalidInputError('the namespace is empty');
    this.#parent = parent;
    this.kv = new KvClient(namespacedKvCalls(parent.calls, this.prefix), parent.maxTxnOps, parent.times);
    this.lease = namespacedLease(parent.lease, this.prefix);
  }

  get closed(): boolean {
    return this.#parent.closed();
  }

  /** As the client's. */
  get timeoutMs(): number {
    return this.#parent.times.timeoutMs;
  }

  /** As the client's, within the namespace. */
  watch(range: Bytes | KeyRange, options: WatchOptions = noOptions): Watcher {
    return this.#parent.watch.watch(range, options, this.prefix);
  }

  /** As the client's, within the namespace. */
  mirror(range: KeyRange, options: MirrorOptions = noOptions): Mirror {
    const watch = { watch: (of: Bytes | KeyRange, how?: WatchOptions) => this.watch(of, how) };
    const { calls, random, times } = this.#parent;
    const { closing } = times;
    return new Mirror({ kv: this.kv, watch, store: calls.store, random, closing }, range, options);
  }

  /** A namespace within this one. */
  namespace(prefix: Bytes): EtcdNamespace {
    const bytes = keyBytes(prefix);
    if (bytes.length === 0) throw new InvalidInputError('the namespace is empty');
    return new EtcdNamespace(this.#parent, Buffer.concat([this.prefix, bytes]));
  }

  /** As the client's: calls back once when it closes. */
  onClose(callback: () => void): () => void {
    return this.#parent.onClose(callback);
  }
}

/** Leases are the store's own; of the keys attached to one, only those of the namespace are seen. */
function namespacedLease(lease: LeaseClient, prefix: Buffer): NamespacedLease {
  return {
    grant: (options) => lease.grant(options),
    revoke: (id, options) => lease.revoke(id, options),
    list: (options) => lease.list(options),
    hold: (options) => lease.hold(options),
    keepAliveOnce: (id, options) => lease.keepAliveOnce(id, options),
    check: () => lease.check(),
    async timeToLive(id: LeaseId, options?: TimeToLiveOptions & CallOptions) {
      const found = await lease.timeToLive(id, options);
      if (!found) return undefined;
      const keys = found.keys.map((key) => stripPrefix(prefix, key)).filter((key) => key !== undefined);
      return withJson({ ...found, keys });
    },
  };
}
