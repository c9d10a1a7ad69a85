import { randomBytes } from 'node:crypto';
import type { Clock } from '../async/index.js';
import {
  ClosedError,
  Code,
  EtcdError,
  errorFromServer,
  InvalidInputError,
  LeaseNotFoundError,
} from '../errors/index.js';
import { checkInt64, type LeaseId } from '../model/index.js';
import type { CallOptions, LeaseCalls, TracedCallOptions } from '../wire/index.js';
import { KeepAliveStream } from './keep-alive-stream.js';
import { type KeptLease, LeaseKeeper } from './lease-keeper.js';

export interface GrantOptions extends CallOptions {
  /** Seconds to live without a renewal. etcd raises it to its minimum, 2 s by default; use the TTL in the answer. */
  readonly ttlSeconds: number;
  /** The lease's id, positive. Default: random, chosen here so that a grant sent twice leaves no orphan. */
  readonly id?: LeaseId;
}

export interface Lease {
  readonly id: LeaseId;
  /** The TTL that etcd granted, in seconds. */
  readonly ttlSeconds: number;
}

export interface LeaseTimeToLive {
  readonly id: LeaseId;
  /** Seconds left. */
  readonly remainingSeconds: number;
  /** The TTL granted, in seconds. */
  readonly grantedSeconds: number;
  /** The keys attached, when asked for. */
  readonly keys: readonly Buffer[];
}

/** etcd's own limit, in seconds. */
const maxTtlSeconds = 9_000_000_000;

/** etcd's Lease service. Calls throw as KvClient's do. */
export class LeaseClient {
  readonly #calls: LeaseCalls;
  readonly #clock: Clock;
  readonly #stream: KeepAliveStream;
  readonly #kept = new Set<LeaseKeeper>();
  #closed = false;

  constructor(calls: LeaseCalls, clock: Clock, random: () => number) {
    this.#calls = calls;
    this.#clock = clock;
    this.#stream = new KeepAliveStream(calls, clock, random);
  }

  /**
   * Grants a lease.
   * @throws {InvalidInputError} for a TTL that is not between 1 and 9,000,000,000 whole seconds, or an id below 1.
   */
  grant(options: GrantOptions): Promise<Lease> {
    return this.#grant(options);
  }

  /** Revokes a lease and deletes the keys attached to it, in one revision. @throws {LeaseNotFoundError} */
  async revoke(id: LeaseId, options: CallOptions = {}): Promise<void> {
    checkInt64('lease id', id, 1n);
    const tries = countTries();
    try {
      await this.#calls.revoke(id, { ...options, onSend: tries.onSend });
    } catch (error) {
      // On a later try this says that an earlier one was carried out and its answer lost.
      if (tries.count < 2 || !(error instanceof LeaseNotFoundError)) throw error;
    }
  }

  /** How long the lease has left; undefined when it does not exist. */
  async timeToLive(
    id: LeaseId,
    options: { readonly keys?: boolean } & CallOptions = {},
  ): Promise<LeaseTimeToLive | undefined> {
    checkInt64('lease id', id, 1n);
    const answer = await this.#calls.timeToLive({ ID: id, keys: options.keys ?? false }, options);
    if (answer.TTL < 0n) return undefined;
    return {
      id,
      remainingSeconds: Number(answer.TTL),
      grantedSeconds: Number(answer.grantedTTL),
      keys: answer.keys,
    };
  }

  /** The ids of all leases the answering member knows. */
  async list(options: CallOptions = {}): Promise<readonly LeaseId[]> {
    return (await this.#calls.leases(options)).leases.map((lease) => lease.ID);
  }

  /** Grants a lease and keeps it alive until it is closed, revoked or lost. Disposing revokes it. */
  async hold(options: GrantOptions): Promise<KeptLease> {
    if (this.#closed) throw new ClosedError('the client');
    // The first try counts, since it may be the one that etcd carried out.
    let sentAt: number | undefined;
    const onSend = () => {
      sentAt ??= this.#clock.now();
    };
    const lease = await this.#grant({ ...options, onSend });
    const keeper = new LeaseKeeper(
      lease.id,
      { sentAt: sentAt ?? this.#clock.now(), ttlMs: lease.ttlSeconds * 1000 },
      this.#stream,
      this.#clock,
      () => this.#revokeQuietly(lease.id),
    );
    const release = this.#calls.hold();
    this.#kept.add(keeper);
    void keeper.ended.then(() => {
      this.#kept.delete(keeper);
      release();
    });
    if (this.#closed) await keeper.close();
    return keeper;
  }

  /** Stops renewing every lease; they run out by themselves. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const keeper of this.#kept) void keeper.close();
    this.#stream.close();
  }

  async #grant(options: GrantOptions & TracedCallOptions): Promise<Lease> {
    const id = options.id ?? randomLeaseId();
    checkGrant(options.ttlSeconds, id);
    const tries = countTries(options.onSend);
    try {
      const granted = await this.#calls.grant(
        { TTL: BigInt(options.ttlSeconds), ID: id },
        { ...options, onSend: tries.onSend },
      );
      if (granted.ID !== id || granted.TTL <= 0n) {
        throw errorFromServer(Code.INTERNAL, "the answer is not etcd's: it grants no lease");
      }
      return { id, ttlSeconds: Number(granted.TTL) };
    } catch (error) {
      // On a later try this says that an earlier one was carried out and its answer lost.
      if (tries.count > 1 && isLeaseExists(error)) return this.#confirm(id, options);
      throw error;
    }
  }

  async #confirm(id: LeaseId, options: CallOptions): Promise<Lease> {
    const found = await this.timeToLive(id, options);
    if (!found) throw new LeaseNotFoundError(`lease ${id} was granted and ran out again`, { code: 5 });
    return { id, ttlSeconds: found.grantedSeconds };
  }

  async #revokeQuietly(id: LeaseId): Promise<void> {
    try {
      await this.revoke(id);
    } catch (error) {
      if (!(error instanceof LeaseNotFoundError)) throw error;
    }
  }
}

function countTries(alsoTell?: () => void): { readonly count: number; onSend(): void } {
  let count = 0;
  return {
    get count() {
      return count;
    },
    onSend: () => {
      count++;
      alsoTell?.();
    },
  };
}

function isLeaseExists(error: unknown): boolean {
  return error instanceof EtcdError && error.serverText === 'etcdserver: lease already exists';
}

function checkGrant(ttlSeconds: number, id: LeaseId): void {
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > maxTtlSeconds) {
    throw new InvalidInputError(
      `ttlSeconds is ${ttlSeconds}; it must be a whole number from 1 to ${maxTtlSeconds}`,
    );
  }
  checkInt64('lease id', id, 1n);
}

/** Positive 63-bit; 0 would let the server choose, and negative ids once made a store inconsistent (etcd#14239). */
function randomLeaseId(): LeaseId {
  return (randomBytes(8).readBigUInt64BE() >> 1n) | 1n;
}
