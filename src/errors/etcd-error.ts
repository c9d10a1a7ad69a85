import { brand } from './brand.js';
import { Code, codeName } from './code.js';
import { escapeControls } from './escape-controls.js';
import type { ErrorReason } from './server-texts.js';
import type { TlsReason } from './tls-reason.js';
import type { Verdict } from './verdict.js';

export interface EtcdErrorFields {
  readonly code: Code;
  readonly verdict?: Verdict;
  readonly cause?: unknown;
  /** etcd's own words, without the gRPC decoration some of its texts carry, control and format characters escaped. */
  readonly serverText?: string;
  readonly reason?: ErrorReason | TlsReason;
}

/**
 * The base of every error this library throws on purpose. The message starts with the gRPC code's name, and is one line
 * without control or format characters, whatever records or servers it quotes.
 * A subclass exists only where a caller acts differently.
 */
export class EtcdError extends Error {
  static {
    brand(EtcdError, 'EtcdError');
  }

  override readonly name: string = 'EtcdError';
  readonly code: Code;
  /** Whether the request that failed may be sent again. Default `final`. */
  readonly verdict: Verdict;
  /** etcd's own words where etcd answered, else undefined. */
  readonly serverText: string | undefined;
  /**
   * The name of etcd's refusal in its Go package `rpctypes`, such as `NoSpace` or `LeaseExist`: the same whatever code
   * a release sends it with, so ask for it instead of matching texts. Of a {@link TlsReason} for a TlsError; undefined
   * where the text is not etcd's.
   */
  readonly reason: ErrorReason | TlsReason | undefined;

  constructor(message: string, fields: EtcdErrorFields) {
    super(
      escapeControls(`${codeName(fields.code)}: ${message}`),
      fields.cause === undefined ? undefined : { cause: fields.cause },
    );
    this.code = fields.code;
    this.verdict = fields.verdict ?? 'final';
    this.serverText = fields.serverText;
    this.reason = fields.reason;
  }

  /**
   * What `JSON.stringify` writes: name, message, and all that this class and its subclasses add, numbers of 64 bits as
   * decimal strings. Of a cause that is not of this library only its name and `code`: its text may hold anything.
   */
  toJSON(): object {
    const { name, message, cause } = this;
    const members = Object.entries(this).map(([member, value]) => [
      member,
      typeof value === 'bigint' ? String(value) : value,
    ]);
    return {
      name,
      message,
      ...Object.fromEntries(members),
      ...(cause === undefined ? {} : { cause: causeJson(cause) }),
    };
  }
}

function causeJson(cause: unknown): unknown {
  if (cause instanceof EtcdError) return cause;
  if (!(cause instanceof Error)) return typeof cause;
  const { name, code } = cause as NodeJS.ErrnoException;
  return code === undefined ? { name } : { name, code };
}

/** The error itself where it is typed; else what somebody else's code threw, as INTERNAL with it as its cause. */
export function toEtcdError(error: unknown): EtcdError {
  return error instanceof EtcdError
    ? error
    : new EtcdError(describeThrown(error), { code: Code.INTERNAL, cause: error });
}

/** Anything can be thrown, also what cannot be made a string. */
export function describeThrown(error: unknown): string {
  try {
    return String(error);
  } catch {
    return 'an object without a text';
  }
}

/**
 * Notes that a request was tried before and may have been carried out then: what a later try was told does not undo
 * that. Only for an error that no other caller has.
 */
export function markMaybeApplied<T extends EtcdError>(error: T): T {
  return Object.assign(error, { verdict: 'maybe-applied' as const });
}

/**
 * Notes that another request may get another answer: a refused password, say, that a function gave. Streams and leases
 * go on then. Only for an error that no other caller has.
 */
export function markNotApplied<T extends EtcdError>(error: T): T {
  return Object.assign(error, { verdict: 'not-applied' as const });
}

/** Input that was refused here, before anything was sent. The text names the argument and its value. */
export class InvalidInputError extends EtcdError {
  static {
    brand(InvalidInputError, 'InvalidInputError');
  }

  override readonly name = 'InvalidInputError';

  constructor(message: string) {
    super(message, { code: Code.INVALID_ARGUMENT });
  }
}

/**
 * The client, stream or handle was closed. A write that was under way at that moment may have been applied: its
 * `verdict` says so.
 */
export class ClosedError extends EtcdError {
  static {
    brand(ClosedError, 'ClosedError');
  }

  override readonly name = 'ClosedError';

  constructor(what: string, verdict: Verdict = 'final') {
    super(`${what} is closed`, { code: Code.CANCELLED, verdict });
  }
}

/** What a member last said to a call that came to nothing. */
export interface TriedMember {
  /** The endpoint, as the client was given it. */
  readonly member: string;
  /** Its last answer, or why there was none. */
  readonly answer: string;
  /** How often it was asked. */
  readonly attempts: number;
}

/** The call's deadline passed. A write may have been applied; see `verdict`. */
export class DeadlineError extends EtcdError {
  static {
    brand(DeadlineError, 'DeadlineError');
  }

  override readonly name = 'DeadlineError';
  /** Every member that was asked, and what it answered; the message has it in words. */
  readonly tried: readonly TriedMember[];

  constructor(
    message: string,
    fields: {
      readonly verdict?: Verdict;
      readonly cause?: unknown;
      readonly tried?: readonly TriedMember[];
    } = {},
  ) {
    const { tried = [], ...rest } = fields;
    const { cause } = fields;
    // etcd itself may have been the one to say that time was up; other texts beneath are not etcd's.
    const said = cause instanceof EtcdError && cause.reason !== undefined ? cause : undefined;
    super(message, {
      code: Code.DEADLINE_EXCEEDED,
      verdict: 'maybe-applied',
      ...rest,
      ...(said?.serverText === undefined ? {} : { serverText: said.serverText }),
      ...(said?.reason === undefined ? {} : { reason: said.reason }),
    });
    this.tried = tried;
  }
}

/**
 * A write whose answer was lost: it may or may not have been applied, and it was not sent again.
 * Read back before trying again, or pass `idempotent: true` where a second application does no harm.
 */
export class AmbiguousWriteError extends EtcdError {
  static {
    brand(AmbiguousWriteError, 'AmbiguousWriteError');
  }

  override readonly name = 'AmbiguousWriteError';
  /** The RPC, e.g. `Put`. */
  readonly operation: string;
  /** The endpoint of the member it was sent to, as the client's options name it. */
  readonly member: string;
  declare readonly cause: EtcdError;

  /**
   * @param cause what became of the last try; its code, text and reason are this error's too.
   * @param subject what the operation is about, such as a key, fit for a text.
   */
  constructor(operation: string, member: string, cause: EtcdError, subject?: string) {
    const what = subject === undefined ? operation : `${operation} ${subject}`;
    super(`${what} on ${member} may have been applied: ${cause.message}`, {
      code: cause.code,
      verdict: 'maybe-applied',
      cause,
      ...(cause.serverText === undefined ? {} : { serverText: cause.serverText }),
      ...(cause.reason === undefined ? {} : { reason: cause.reason }),
    });
    this.operation = operation;
    this.member = member;
  }
}

/** History at the asked revision is gone. List again, then watch from the list's revision + 1. */
export class CompactedError extends EtcdError {
  static {
    brand(CompactedError, 'CompactedError');
  }

  override readonly name = 'CompactedError';
  /** The oldest revision still readable; 0 when the server did not say. */
  readonly compactRevision: bigint;

  constructor(message: string, compactRevision: bigint, serverText = message) {
    super(message, { code: Code.OUT_OF_RANGE, serverText, reason: 'Compacted' });
    this.compactRevision = compactRevision;
  }
}

/**
 * The store's revision went back: it was wiped or restored from a backup. What a watch knew is void, and its revision
 * may one day be reached again by other events. List again.
 */
export class RolledBackError extends EtcdError {
  static {
    brand(RolledBackError, 'RolledBackError');
  }

  override readonly name = 'RolledBackError';
  /** A revision the store is known to have had. */
  readonly seenRevision: bigint;
  /** Its revision now, by a linearizable read. */
  readonly storeRevision: bigint;

  constructor(seenRevision: bigint, storeRevision: bigint) {
    super(`the store went back from revision ${seenRevision} to ${storeRevision}`, { code: Code.DATA_LOSS });
    this.seenRevision = seenRevision;
    this.storeRevision = storeRevision;
  }
}

/** Which store a member showed. */
export interface ObservedStore {
  /** The endpoint, as the client was given it. */
  readonly member: string;
  /** In hexadecimal, as `etcdctl` writes it. */
  readonly clusterId: string;
}

/**
 * Answers came from two stores: etcd was wiped, restored or exchanged for another between them, or the client's
 * endpoints name two clusters. Revisions and leases of the one mean nothing in the other. The client has gone over to
 * the new one: read again.
 */
export class StoreReplacedError extends EtcdError {
  static {
    brand(StoreReplacedError, 'StoreReplacedError');
  }

  override readonly name = 'StoreReplacedError';
  /** Who showed which store, the earlier first; empty where not the cluster id but the keys proved it. */
  readonly stores: readonly ObservedStore[];

  constructor(message: string, stores: readonly ObservedStore[] = []) {
    super(message, { code: Code.ABORTED, verdict: 'not-applied' });
    this.stores = stores;
  }
}

/** The lease does not exist: it expired, was revoked, or was never granted. */
export class LeaseNotFoundError extends EtcdError {
  static {
    brand(LeaseNotFoundError, 'LeaseNotFoundError');
  }

  override readonly name = 'LeaseNotFoundError';
}

/** The credentials lack a permission. */
export class PermissionDeniedError extends EtcdError {
  static {
    brand(PermissionDeniedError, 'PermissionDeniedError');
  }

  override readonly name = 'PermissionDeniedError';
}

/** No credentials, wrong ones, or an expired token. */
export class UnauthenticatedError extends EtcdError {
  static {
    brand(UnauthenticatedError, 'UnauthenticatedError');
  }

  override readonly name = 'UnauthenticatedError';
}
