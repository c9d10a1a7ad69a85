import type { AsyncStream } from '../../async/index.js';
import type { EtcdError } from '../../errors/index.js';
import type { LeaseId, Revision } from '../../model/index.js';
import type { Endpoint } from '../endpoint.js';

/**
 * The state of a registration:
 * - `registering`: not stored; attempts continue;
 * - `registered`: stored under a lease that is kept alive;
 * - `outdated`: stored, but the last update of the record failed and is retried;
 * - `waiting`: another process's record has the key;
 * - `draining`: stored with the draining status, so that callers send no new calls;
 * - `closed`: ended, permanently.
 */
export type RegistrationState = 'registering' | 'registered' | 'outdated' | 'waiting' | 'draining' | 'closed';

/** How a registration ended. */
export interface RegistrationEnd {
  /**
   * `closed` by the owner or the client; `deleted` by an operator, with `onDeleted: 'stop'`; `replaced` by another
   * process.
   */
  readonly reason: 'closed' | 'deleted' | 'replaced';
  /** Why the registration was replaced. */
  readonly error?: EtcdError;
  /**
   * Set only if the lease could not be revoked in time: the milliseconds for which the record may still exist, until its
   * lease expires. A change of etcd's leader restarts that time.
   */
  readonly expiresInMs?: number;
}

/** An event of a registration. */
export type RegistrationEvent =
  | {
      /** The record is stored. */
      readonly type: 'registered';
      /** Whether the record was stored before, and then lost. */
      readonly again: boolean;
      /** The lease of the record. */
      readonly lease: LeaseId;
      /** The revision of the write. */
      readonly revision: Revision;
    }
  | {
      /** The record is lost. It is stored again, unless `onDeleted` or `onConflict` ends the registration. */
      readonly type: 'lost';
      /** Whether its lease ended, an operator deleted it, or another process replaced it. */
      readonly cause: 'lease' | 'deleted' | 'replaced';
      /** Why the lease ended, or which record replaced this one. Undefined if it was deleted. */
      readonly error?: EtcdError | undefined;
    }
  | {
      /** Another registration's record has the key. The registration waits until it is gone. */
      readonly type: 'waiting';
      /** The start of its value, with control and format characters escaped. */
      readonly value: string;
      /** Explains what to do if the record has this registration's address. */
      readonly error: EtcdError;
    }
  | {
      /** Another writer changed the record in place. Its metadata stays registered from now on. */
      readonly type: 'adopted';
      /** What the other writer stored. */
      readonly endpoint: Endpoint;
    }
  | {
      /** The record was stored again: another writer changed its address, wrote an unreadable value or removed its lease. */
      readonly type: 'restored';
      /** The start of the overwritten value, with control and format characters escaped. */
      readonly value: string;
    }
  | {
      /** Granting a lease or writing the record failed. It is retried. */
      readonly type: 'failure';
      /** The error of the request. */
      readonly error: EtcdError;
      /** The time until the next attempt, in milliseconds. */
      readonly retryInMs: number;
    }
  | ({
      /** The registration has ended; the last event. */
      readonly type: 'ended';
    } & RegistrationEnd);

/** Options of {@link Registration.drain}. */
export interface DrainOptions {
  /**
   * The time for callers to notice a change, in milliseconds, once after the status is stored and once after the record
   * is deleted. Default 1,000: a watch needs a few milliseconds, so this leaves a wide margin.
   */
  readonly propagateMs?: number;
  /**
   * Resolves when no call is in progress. It is called after the record is deleted, and waited for at most until
   * `timeoutMs`. An exception or rejection becomes a process warning (`ETCD_NAMING_CALLBACK`). Default: no wait.
   */
  readonly whenIdle?: () => Promise<void>;
  /**
   * The time limit of the whole drain, in milliseconds. Default 30,000. After this time the record is deleted
   * immediately, which may take 5 s more if etcd is unreachable.
   */
  readonly timeoutMs?: number;
  /** Ends all waiting: the record is deleted immediately. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Registration.update}. */
export interface UpdateOptions {
  /** How long the call waits until the update is stored, in milliseconds. Default: the client's `timeoutMs`, 10,000. */
  readonly timeoutMs?: number;
  /** Aborts the wait. The change stays desired. */
  readonly signal?: AbortSignal | undefined;
}

/** An endpoint that stays registered until closed. See {@link register}. */
export interface Registration extends AsyncDisposable {
  /** The key of the record, `<target>/<id>`. */
  readonly key: string;
  /** The registered endpoint. `update()` changes it, and another writer's change of the record changes its metadata. */
  readonly endpoint: Endpoint;
  /** The current state. */
  readonly state: RegistrationState;
  /** The lease of the stored record; undefined without a record. */
  readonly lease: LeaseId | undefined;
  /** The revision that wrote the stored record; undefined without a record. */
  readonly revision: Revision | undefined;
  /** The last failure; undefined once the record is stored as desired. */
  readonly lastError: EtcdError | undefined;
  /** How often the record was registered: 1, plus 1 for each time it was lost and stored again. */
  readonly registrationCount: number;
  /** Resolves when the registration has ended; never rejects. */
  readonly ended: Promise<RegistrationEnd>;
  /**
   * Changes the endpoint in place, under the same key and lease. Given members replace the current ones; metadata is
   * replaced as a whole. Resolves when the change is stored; after a loss, when the record is stored again. Pending
   * updates are merged in call order, and only the result is written. Failed writes are retried after a pause.
   * @throws {DeadlineError} after `timeoutMs`, the signal's reason, {PermissionDeniedError} and the like: the change stays
   *   desired and is stored as soon as possible. {NamingError} for an endpoint that cannot be stored, and etcd's error for
   *   a value that it rejects (such as one that is too large): the change is discarded. {ClosedError}.
   */
  update(change: Partial<Endpoint>, options?: UpdateOptions): Promise<void>;
  /**
   * Ends the registration without failed calls: stores `"status": "draining"` in the metadata, waits `propagateMs`,
   * deletes the record (for callers that ignore the status, such as Go's), waits `propagateMs` again, and waits for
   * `whenIdle`. Never rejects for a failure of etcd. Bounded by `timeoutMs`.
   * @throws {InvalidInputError} for an invalid option, before anything is done.
   */
  drain(options?: DrainOptions): Promise<void>;
  /**
   * Iterates over the events from now on. Ends after the event `ended` if the registration was closed, or deleted with
   * `onDeleted: 'stop'`. At most 1,000 events wait for a slow reader; then the oldest are dropped.
   * @throws (from the iterator) the error for which the registration was replaced, {ClosedError} when the client closes
   *   first, or the signal's reason.
   */
  events(options?: { readonly signal?: AbortSignal | undefined }): AsyncStream<RegistrationEvent>;
  /**
   * Ends the registration: revokes the lease, which deletes the record and prevents late writes. Before, the draining
   * status is written to a record that has a place for it, so that observers can distinguish this end from a lease that
   * expired; the revoke waits for that write for at most 1 s. If etcd is unreachable it resolves after 5 s; the record
   * then expires with its lease, and `ended` has the remaining time. Idempotent.
   */
  close(): Promise<void>;
}
