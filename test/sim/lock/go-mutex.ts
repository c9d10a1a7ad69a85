import type { VirtualClock } from '../clock.js';
import { KeyFollower } from '../key-follower.js';
import type { Machine } from './machine.js';
import { keyOf, prefix, type Store } from './store.js';

const callTimeoutMs = 4_000;

export interface GoMutexParts {
  readonly clock: VirtualClock;
  readonly store: Store;
  readonly machine: Machine;
  readonly lease: bigint;
  readonly ttlMs: number;
}

/**
 * A session with a mutex of Go's `concurrency` package: it waits for the deletion of every older key, then reads its own.
 * After an error it deletes its key and closes its session.
 *
 * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/client/v3/concurrency/mutex.go#L76
 */
export class GoMutex {
  /** Between Lock and Unlock, as far as it knows. */
  isLocked = false;
  isOver = false;
  readonly machine: Machine;
  readonly key: Buffer;
  readonly #clock: VirtualClock;
  readonly #store: Store;
  readonly #lease: bigint;
  #createRevision = 0n;
  #follower: KeyFollower | undefined;
  #followed: Buffer | undefined;

  constructor({ clock, store, machine, lease, ttlMs }: GoMutexParts) {
    this.machine = machine;
    this.#clock = clock;
    this.#store = store;
    this.#lease = lease;
    this.key = keyOf(lease);
    const sentAt = machine.now;
    this.#call(
      () => store.grant(lease, ttlMs, clock.now),
      () => {
        machine.hold(lease, ttlMs, sentAt, () => this.#end());
        this.#acquire();
      },
    );
  }

  /** The key has changed in the store. */
  onChange(key: Buffer): void {
    if (this.#followed?.equals(key)) this.#follower?.onChange();
  }

  cut(): void {
    this.#follower?.cut();
  }

  /** Its watch ends with an error, and so does Lock. */
  compact(): void {
    if (this.#follower) this.release();
  }

  kill(): void {
    this.#end();
  }

  /** Unlock, and the end of its session. While it waits: its context is cancelled, which does the same. */
  release(): void {
    this.machine.run(() => {
      if (this.isOver) return;
      this.#end();
      this.#request(() => this.#store.txn({ success: [{ type: 'delete', range: this.key }] }));
      this.#close();
    });
  }

  #acquire(): void {
    const { key } = this;
    this.#call(
      () =>
        this.#store.txn({
          compare: [{ target: 'create', key, result: '=', value: 0n }],
          success: [
            { type: 'put', key, value: '', options: { lease: this.#lease } },
            {
              type: 'range',
              range: { prefix },
              options: { limit: 1, sort: { by: 'create', order: 'ascend' } },
            },
          ],
        }),
      ({ results, revision }) => {
        this.#createRevision = revision;
        const owner = results[1]?.type === 'range' ? results[1].kvs[0] : undefined;
        if (owner?.createRevision === revision) this.isLocked = true;
        else this.#waitForDeletes();
      },
    );
  }

  #waitForDeletes(): void {
    const options = {
      limit: 1,
      maxCreateRevision: this.#createRevision - 1n,
      sort: { by: 'create', order: 'descend' },
    } as const;
    this.#call(
      () => this.#store.range({ prefix }, options),
      ({ kvs, revision }) => {
        const [last] = kvs;
        if (last) this.#waitForDelete(last.key, revision);
        else this.#checkOwnKey();
      },
    );
  }

  #waitForDelete(key: Buffer, from: bigint): void {
    const store = this.#store;
    this.#followed = key;
    this.#follower = new KeyFollower(
      {
        clock: this.#clock,
        network: this.machine.network,
        read: () => {
          const { kvs, revision } = store.range(key);
          return { kv: kvs[0], revision };
        },
      },
      from,
      () => 0n,
      ({ kv }) =>
        this.machine.run(() => {
          if (kv || this.#followed !== key || this.isOver) return;
          this.#unfollow();
          this.#waitForDeletes();
        }),
      () => this.machine.run(() => this.release()),
    );
  }

  #checkOwnKey(): void {
    this.#call(
      () => this.#store.range(this.key),
      ({ kvs }) => {
        if (kvs.length > 0) this.isLocked = true;
        else this.release();
      },
    );
  }

  /** A call of Lock: an error ends it. */
  #call<T>(serve: () => T, then: (value: T) => void): void {
    this.machine.network.request(callTimeoutMs, serve, (answer) =>
      this.machine.run(() => {
        if (this.isOver) return;
        if ('value' in answer) then(answer.value);
        else this.release();
      }),
    );
  }

  #end(): void {
    this.isOver = true;
    this.isLocked = false;
    this.#unfollow();
  }

  #unfollow(): void {
    this.#follower?.cancel();
    this.#follower = undefined;
    this.#followed = undefined;
  }

  #close(): void {
    this.machine.release(this.#lease);
    this.#request(() => this.#store.revoke(this.#lease, 'revoke'));
  }

  #request(serve: () => unknown): void {
    this.machine.network.request(callTimeoutMs, serve, () => {});
  }
}
