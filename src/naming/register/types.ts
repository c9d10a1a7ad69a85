import type { EtcdError } from '../../errors/index.js';
import type { LeaseId, Revision } from '../../model/index.js';
import type { Endpoint } from '../endpoint.js';

/**
 * - `registering`: not stored at the moment, being tried; `registered`: stored under a lease that is kept alive;
 * - `outdated`: stored likewise, but the last write of what the record should say has failed, and is tried again;
 * - `waiting`: another process's record has the key, and is waited out;
 * - `draining`: stored, and marked so that no new calls come; `closed`: for good.
 */
export type RegistrationState = 'registering' | 'registered' | 'outdated' | 'waiting' | 'draining' | 'closed';

/** How a registration ended; `error` says more where nobody asked for the end. */
export interface RegistrationEnd {
  /** `closed` by its owner or its client; `deleted` by an operator, with `onDeleted: 'stop'`; `replaced` by another process. */
  readonly reason: 'closed' | 'deleted' | 'replaced';
  readonly error?: EtcdError;
  /**
   * Only when etcd could not be told of the end in time: for how long, in milliseconds, the record may still stand. It
   * then goes with its lease; a change of etcd's leader meanwhile begins that time anew.
   */
  readonly expiresInMs?: number;
}

/** What happens to a registration behind its owner's back. */
export type RegistrationEvent =
  /** Stored: for the first time, or (`again`) after it was lost. */
  | {
      readonly type: 'registered';
      readonly again: boolean;
      readonly lease: LeaseId;
      readonly revision: Revision;
    }
  /** The record is gone, or another's: by the end of its lease, by an operator's delete, or by another process. */
  | {
      readonly type: 'lost';
      readonly cause: 'lease' | 'deleted' | 'replaced';
      readonly error?: EtcdError | undefined;
    }
  /**
   * Another's record has the key; the error says what to do where it is one of this address. `value`: the start of
   * what stands there, control and format characters escaped.
   */
  | { readonly type: 'waiting'; readonly value: string; readonly error: EtcdError }
  /** Somebody changed the record in place and left it ours; the metadata they wrote is what is kept registered from now on. */
  | { readonly type: 'adopted'; readonly endpoint: Endpoint }
  /**
   * Somebody wrote another address into our record, or what no reader could use, or stored it again without its lease:
   * ours is stored there again. `value`: the start of what stood there, escaped likewise.
   */
  | { readonly type: 'restored'; readonly value: string }
  /** A lease, a record or an update could not be had or stored; it is tried again. */
  | { readonly type: 'failure'; readonly error: EtcdError; readonly retryInMs: number }
  | ({ readonly type: 'ended' } & RegistrationEnd);

export interface DrainOptions {
  /**
   * How long callers have to notice, in milliseconds, both when the record is marked and when it is deleted. Default
   * 1,000: a watch tells within a few, and a caller that comes anew reads the list.
   */
  readonly propagateMs?: number;
  /** Waits for the calls under way, after the record is deleted; not longer than `timeoutMs`. Default: nothing to wait for. */
  readonly whenIdle?: () => Promise<void>;
  /**
   * How long all of it may take, in milliseconds. Default 30,000. Past it the record is deleted all the same, which may
   * take 5 s when etcd is out of reach.
   */
  readonly timeoutMs?: number;
  /** Ends the waiting: the record is deleted at once. */
  readonly signal?: AbortSignal | undefined;
}

export interface UpdateOptions {
  /** How long the call waits for the update to be stored, in milliseconds. Default: the client's `timeoutMs`, 10,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** An endpoint that keeps itself registered until closed. */
export interface Registration extends AsyncDisposable {
  readonly key: string;
  /** What is kept registered; changed by `update()`, and its metadata also by whoever changes the record in place. */
  readonly endpoint: Endpoint;
  readonly state: RegistrationState;
  /** The lease of the present record; undefined while there is none. */
  readonly lease: LeaseId | undefined;
  /** The revision that wrote the present record. */
  readonly revision: Revision | undefined;
  /** What last stood in the way; undefined once registered again. */
  readonly lastError: EtcdError | undefined;
  /** How often the record was stored anew: 1, and one more for each time it was lost. */
  readonly registrationCount: number;
  /** Resolves with how it ended; never rejects. */
  readonly ended: Promise<RegistrationEnd>;
  /**
   * Changes the endpoint in place, under the same key and lease: what is given takes the place of what was, metadata
   * as a whole. Resolves when it is stored; while the record is lost, once it is stored again. Updates that wait are
   * merged in the order of their calls, and only the result is written; writes that fail are repeated after a pause.
   * @throws {DeadlineError} after `timeoutMs` and the signal's own reason: the change stays desired, and is stored as
   *   soon as it can be; {NamingError} for an endpoint that cannot be stored, and what etcd says of one that it will
   *   not store (such as a value that is too large): the change is then taken back; {PermissionDeniedError} and the
   *   like: the change stays desired; {ClosedError}.
   */
  update(change: Partial<Endpoint>, options?: UpdateOptions): Promise<void>;
  /**
   * Goes without a call lost: marks the record (`"status": "draining"` in its metadata), lets that spread, deletes it,
   * lets that spread too (Go's clients know nothing of the mark), and waits for the calls under way. Bounded; then as
   * `close()`. @throws {InvalidInputError} for an option that cannot work, before anything is done.
   */
  drain(options?: DrainOptions): Promise<void>;
  /** What happens from now on; ends with the registration, or when left. A reader that does not keep up misses the oldest. */
  events(options?: {
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterableIterator<RegistrationEvent, undefined>;
  /**
   * Deletes the record by revoking its lease, which also kills a late write. It never comes back. Bounded: when etcd
   * cannot be reached for 5 s it resolves all the same, the lease runs out by itself, and `ended` tells until when.
   * Idempotent.
   */
  close(): Promise<void>;
}
