import { systemClock } from '../async/index.js';
import { KvClient } from '../kv/index.js';
import { LeaseClient } from '../lease/index.js';
import { Mirror, type MirrorOptions } from '../mirror/index.js';
import type { Bytes, KeyRange } from '../model/index.js';
import { WatchClient, type Watcher, type WatchOptions } from '../watch/index.js';
import { kvCalls, leaseCalls, Transport, watchCalls } from '../wire/index.js';
import { type EtcdClientOptions, resolveOptions } from './options.js';
import { type StatusEvent, StatusFeed } from './status.js';

/**
 * A client of an etcd cluster. It connects when first used, keeps the member that answers and moves on from one that
 * does not. Close it when done: its streams keep the process alive.
 */
export class EtcdClient implements AsyncDisposable {
  readonly kv: KvClient;
  readonly lease: LeaseClient;
  readonly #transport: Transport;
  readonly #watch: WatchClient;
  readonly #status = new StatusFeed(systemClock);
  readonly #onClose = new Set<() => void>();
  #closed = false;

  /** @throws {InvalidInputError} for options that cannot work; nothing is sent before the first call. */
  constructor(options: EtcdClientOptions) {
    const { transport, maxTxnOps } = resolveOptions(options);
    const random = Math.random;
    this.#transport = new Transport(transport, systemClock, random);
    const kv = kvCalls(this.#transport);
    this.kv = new KvClient(kv, maxTxnOps);
    this.lease = new LeaseClient(leaseCalls(this.#transport), systemClock, random);
    this.#watch = new WatchClient({
      watch: watchCalls(this.#transport),
      kv,
      clock: systemClock,
      random,
      onStatus: (status) => this.#status.watchStream(status),
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Watches a key or a range of keys; see {@link WatchOptions}, and {@link Watcher} for what comes back. */
  watch(range: Bytes | KeyRange, options: WatchOptions = {}): Watcher {
    return this.#watch.watch(range, options);
  }

  /** A range kept in memory: snapshots and deltas; see {@link Mirror}. */
  mirror(range: KeyRange, options: MirrorOptions = {}): Mirror {
    const watch = { watch: (of: Bytes | KeyRange, how?: WatchOptions) => this.watch(of, how) };
    return new Mirror({ kv: this.kv, watch, random: Math.random }, range, options);
  }

  /**
   * What happens behind the calls, from now on: streams lost, opened again, resumed. The same is published on the
   * diagnostics channel `etcd-naming:status`. Ends with the client, or when left. A reader that does not keep up
   * misses the oldest.
   */
  status(
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncIterableIterator<StatusEvent, undefined> {
    return this.#status.subscribe(options.signal);
  }

  /** Calls back once when the client closes (at once if it is); the returned function takes that back. */
  onClose(callback: () => void): () => void {
    if (this.#closed) {
      callback();
      return () => {};
    }
    this.#onClose.add(callback);
    return () => this.#onClose.delete(callback);
  }

  /**
   * Ends watches, stops renewing leases (they run out by themselves) and drops the connections. Calls under way
   * reject with ClosedError. Idempotent, and never waits for etcd.
   */
  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    try {
      for (const callback of this.#onClose) callback();
    } finally {
      this.#watch.close();
      this.lease.close();
      this.#transport.close();
      this.#status.close();
    }
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What debuggers and tracers may see: grpc-js prints channel options, and a client can be one. */
  toJSON(): object {
    return { name: 'EtcdClient', closed: this.#closed };
  }
}
