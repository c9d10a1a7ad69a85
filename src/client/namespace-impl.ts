import { type ClientDiagnostics, setDiagnostics } from '../diagnostics/index.js';
import { type ElectionClient, ElectionClientImpl, type ElectionPorts } from '../election/index.js';
import { InvalidInputError } from '../errors/index.js';
import { type KvClient, KvClientImpl, type KvClientSettings, namespacedKvCalls } from '../kv/index.js';
import type { LeaseClient, TimeToLiveOptions } from '../lease/index.js';
import {
  type Lock,
  type LockClient,
  LockClientImpl,
  type LockOptions,
  type LockQueue,
  type TryLockOptions,
} from '../lock/index.js';
import { type Mirror, MirrorImpl, type MirrorOptions, type MirrorPorts } from '../mirror/index.js';
import {
  type Bytes,
  type KeyRange,
  keyBytes,
  type LeaseId,
  noOptions,
  stripPrefix,
  withJson,
} from '../model/index.js';
import type { InternalWatchOptions, WatchClient, Watcher, WatchOptions } from '../watch/index.js';
import type { CallOptions, KvCalls } from '../wire/index.js';
import type { EtcdNamespace } from './namespace.js';

/** The parts of the client that a namespace uses. */
export interface NamespaceParent {
  readonly calls: KvCalls;
  readonly maxTxnOps: number;
  readonly settings: KvClientSettings;
  readonly lease: LeaseClient;
  readonly watch: WatchClient;
  readonly random: () => number;
  readonly closed: () => boolean;
  readonly diagnostics: ClientDiagnostics;
  readonly onClose: (callback: () => void) => () => void;
}

export class EtcdNamespaceImpl implements EtcdNamespace {
  readonly prefix: Buffer;
  readonly kv: KvClient;
  readonly lease: LeaseClient;
  readonly election: ElectionClient;
  readonly #parent: NamespaceParent;
  readonly #locks: LockClient;

  /** @throws {InvalidInputError} for an empty prefix. */
  constructor(parent: NamespaceParent, prefix: Bytes) {
    this.prefix = keyBytes(prefix);
    if (this.prefix.length === 0) throw new InvalidInputError('the namespace is empty');
    this.#parent = parent;
    setDiagnostics(this, parent.diagnostics, this.prefix);
    this.kv = new KvClientImpl(namespacedKvCalls(parent.calls, this.prefix), parent.maxTxnOps, {
      ...parent.settings,
      prefix: this.prefix,
    });
    this.lease = namespacedLease(parent.lease, this.prefix);
    const watch = (range: Bytes | KeyRange, options?: WatchOptions) => this.watch(range, options);
    const { lease, diagnostics, settings } = parent;
    const queue = {
      kv: this.kv,
      lease,
      watch,
      closing: settings.closing,
      diagnostics,
      namespace: this.prefix,
    };
    this.#locks = new LockClientImpl(queue, this.timeoutMs);
    this.election = new ElectionClientImpl({ ...this.#ports, queue, timeoutMs: this.timeoutMs });
  }

  get closed(): boolean {
    return this.#parent.closed();
  }

  get timeoutMs(): number {
    return this.#parent.settings.timeoutMs;
  }

  watch(range: Bytes | KeyRange, options: WatchOptions = noOptions): Watcher {
    return this.#parent.watch.watch(range, options, this.prefix);
  }

  mirror(range: Bytes | KeyRange, options: MirrorOptions = noOptions): Mirror {
    return new MirrorImpl(this.#ports, range, options);
  }

  lock(name: Bytes, options: LockOptions = noOptions): Promise<Lock> {
    return this.#locks.lock(name, options);
  }

  tryLock(name: Bytes, options: TryLockOptions = noOptions): Promise<Lock | undefined> {
    return this.#locks.tryLock(name, options);
  }

  withLock<T>(name: Bytes, fn: (lock: Lock) => T | Promise<T>, options: LockOptions = noOptions): Promise<T> {
    return this.#locks.withLock(name, fn, options);
  }

  lockQueue(name: Bytes, options: CallOptions = noOptions): Promise<LockQueue> {
    return this.#locks.lockQueue(name, options);
  }

  namespace(prefix: Bytes): EtcdNamespace {
    const bytes = keyBytes(prefix);
    if (bytes.length === 0) throw new InvalidInputError('the namespace is empty');
    return new EtcdNamespaceImpl(this.#parent, Buffer.concat([this.prefix, bytes]));
  }

  onClose(callback: () => void): () => void {
    return this.#parent.onClose(callback);
  }

  /** What mirrors and elections use: this namespace instead of the client. */
  get #ports(): MirrorPorts & Omit<ElectionPorts, 'queue' | 'timeoutMs'> {
    const { calls, random, settings, watch: watchClient, diagnostics } = this.#parent;
    const { closing } = settings;
    const watch = {
      watch: (keys: Bytes | KeyRange, watchOptions?: InternalWatchOptions) =>
        watchClient.watch(keys, watchOptions, this.prefix),
    };
    return { kv: this.kv, watch, store: calls.store, random, closing, diagnostics, prefix: this.prefix };
  }
}

/** The client's leases; `timeToLive` lists only the attached keys that are in the namespace. */
function namespacedLease(lease: LeaseClient, prefix: Buffer): LeaseClient {
  return {
    grant: (options) => lease.grant(options),
    revoke: (id, options) => lease.revoke(id, options),
    list: (options) => lease.list(options),
    hold: (options) => lease.hold(options),
    keepAliveOnce: (id, options) => lease.keepAliveOnce(id, options),
    async timeToLive(id: LeaseId, options?: TimeToLiveOptions & CallOptions) {
      const found = await lease.timeToLive(id, options);
      if (!found) return undefined;
      const keys = found.keys.map((key) => stripPrefix(prefix, key)).filter((key) => key !== undefined);
      return withJson({ ...found, keys });
    },
  };
}
