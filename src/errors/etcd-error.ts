import { brand } from './brand.js';
import { Code, codeName } from './code.js';
import type { ErrorReason } from './error-reason.js';
import { escapeControls } from './escape-controls.js';
import type { TlsReason } from './tls-reason.js';
import type { Verdict } from './verdict.js';

/** The fields of an {@link EtcdError} besides its message. */
export interface EtcdErrorFields {
  /** The gRPC status code. */
  readonly code: Code;
  /** Whether the request may be sent again. Default `final`, the verdict that never repeats a request. */
  readonly verdict?: Verdict;
  /** The underlying error. */
  readonly cause?: unknown;
  /** The text of etcd's answer, without Go's gRPC prefix, with control and format characters escaped. */
  readonly serverText?: string;
  /** The name of the refusal; see {@link EtcdError.reason}. */
  readonly reason?: ErrorReason | TlsReason;
}

/**
 * The base class of every error that this library throws on purpose. The message starts with the name of the gRPC code
 * and is one line without control or format characters, even when it quotes records or servers. A subclass exists only
 * where a caller acts differently. `instanceof` also recognises errors of another installed copy of this package.
 */
export class EtcdError extends Error {
  static {
    brand(EtcdError, 'EtcdError');
  }

  /** The name of the class, also in minified code. */
  override readonly name: string = 'EtcdError';
  /** The gRPC status code, a number such as `Code.UNAVAILABLE`. */
  readonly code: Code;
  /** Whether the request that failed may be sent again. */
  readonly verdict: Verdict;
  /** The text of etcd's answer, at most 4,096 characters; undefined if etcd did not answer. */
  readonly serverText: string | undefined;
  /**
   * The name of the refusal in etcd's Go package `rpctypes`, such as `NoSpace` or `LeaseExist`. Compare this instead of
   * texts or codes: it stays the same when a release sends another code. A {@link TlsReason} for a TlsError; undefined
   * if the text is not etcd's.
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
   * The value that `JSON.stringify` writes: name, message, and every field of this class and its subclasses, with bigints
   * as decimal strings. A cause from outside this library is reduced to its name and `code`, because its text may contain
   * a secret.
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

/** Returns an EtcdError unchanged. Wraps any other thrown value in one with code INTERNAL and the value as its cause. */
export function toEtcdError(error: unknown): EtcdError {
  return error instanceof EtcdError
    ? error
    : new EtcdError(describeThrown(error), { code: Code.INTERNAL, cause: error });
}

/** Converts a thrown value to text. Never throws itself, even for a value whose conversion to a string fails. */
export function describeThrown(error: unknown): string {
  try {
    return String(error);
  } catch {
    return 'an object without a text';
  }
}

/**
 * Sets the verdict `maybe-applied`: an earlier attempt of the request may have been applied, whatever the last attempt
 * was answered. Changes the error in place, so the error must not be shared with another caller.
 */
export function markMaybeApplied<T extends EtcdError>(error: T): T {
  return Object.assign(error, { verdict: 'maybe-applied' as const });
}

/**
 * Sets the verdict `not-applied`: a later request may succeed, for example when the password provider returns another
 * password. Streams and leases then keep retrying. Changes the error in place, so the error must not be shared with
 * another caller.
 */
export function markNotApplied<T extends EtcdError>(error: T): T {
  return Object.assign(error, { verdict: 'not-applied' as const });
}

/**
 * An argument or option is invalid. The client refused it before sending anything. The message names the argument and
 * its value.
 */
export class InvalidInputError extends EtcdError {
  static {
    brand(InvalidInputError, 'InvalidInputError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'InvalidInputError';

  constructor(message: string) {
    super(message, { code: Code.INVALID_ARGUMENT });
  }
}

/**
 * The client, stream or handle is closed. A write that was in flight when it closed may have been applied; the error's
 * `verdict` is then `maybe-applied`.
 */
export class ClosedError extends EtcdError {
  static {
    brand(ClosedError, 'ClosedError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'ClosedError';

  constructor(what: string, verdict: Verdict = 'final') {
    super(`${what} is closed`, { code: Code.CANCELLED, verdict });
  }
}

/** The attempts of a failed call on one member. */
export interface TriedMember {
  /** The member's endpoint, as written in the client's options. */
  readonly member: string;
  /** The member's last answer, or the reason why it did not answer. */
  readonly answer: string;
  /** The number of attempts on this member. */
  readonly attempts: number;
}

/** The deadline of a call passed. A write may have been applied; see `verdict`. */
export class DeadlineError extends EtcdError {
  static {
    brand(DeadlineError, 'DeadlineError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'DeadlineError';
  /** Every member that was tried, with its last answer; the message lists the same. */
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
    // etcd itself may have reported the timeout. A cause without a reason has a text that is not etcd's.
    const etcdCause = cause instanceof EtcdError && cause.reason !== undefined ? cause : undefined;
    super(message, {
      code: Code.DEADLINE_EXCEEDED,
      verdict: 'maybe-applied',
      ...rest,
      ...(etcdCause?.serverText === undefined ? {} : { serverText: etcdCause.serverText }),
      ...(etcdCause?.reason === undefined ? {} : { reason: etcdCause.reason }),
    });
    this.tried = tried;
  }
}

/**
 * The answer to a write was lost. The write may have been applied, and the client did not send it again. Read the key
 * before retrying, or pass `idempotent: true` if applying the write twice does no harm.
 */
export class AmbiguousWriteError extends EtcdError {
  static {
    brand(AmbiguousWriteError, 'AmbiguousWriteError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'AmbiguousWriteError';
  /** The RPC, e.g. `Put`. */
  readonly operation: string;
  /** The endpoint of the member it was sent to, as the client's options name it. */
  readonly member: string;
  /** The error of the last attempt. */
  declare readonly cause: EtcdError;

  /**
   * @param cause The error of the last attempt. This error takes over its code, server text and reason.
   * @param subject The key, range or lease of the operation, printable.
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

/** etcd has compacted the requested revision. List again, then watch from the list's revision + 1. */
export class CompactedError extends EtcdError {
  static {
    brand(CompactedError, 'CompactedError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'CompactedError';
  /** The oldest revision that is still readable; 0 if the server did not report it. */
  readonly compactRevision: bigint;

  constructor(message: string, compactRevision: bigint, serverText = message) {
    super(message, { code: Code.OUT_OF_RANGE, serverText, reason: 'Compacted' });
    this.compactRevision = compactRevision;
  }
}

/**
 * The store's revision decreased: the store was wiped or restored from a backup. State built from a watch is void, and
 * new events will reuse its revisions. List again.
 */
export class RolledBackError extends EtcdError {
  static {
    brand(RolledBackError, 'RolledBackError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'RolledBackError';
  /** The highest revision that the client has received. */
  readonly seenRevision: bigint;
  /** The store's current revision, from a linearizable read. */
  readonly storeRevision: bigint;

  constructor(seenRevision: bigint, storeRevision: bigint) {
    super(`the store's revision went back from ${seenRevision} to ${storeRevision}`, {
      code: Code.DATA_LOSS,
    });
    this.seenRevision = seenRevision;
    this.storeRevision = storeRevision;
  }
}

/** The cluster id in a member's answer. */
export interface ObservedStore {
  /** The member's endpoint, as written in the client's options. */
  readonly member: string;
  /** In hexadecimal, as `etcdctl` writes it. */
  readonly clusterId: string;
}

/**
 * Two answers came from different stores: etcd was wiped, restored or replaced in between, or the client's endpoints
 * name two clusters. Revisions and leases of one store mean nothing in the other. The client now uses the new store:
 * read again.
 */
export class StoreReplacedError extends EtcdError {
  static {
    brand(StoreReplacedError, 'StoreReplacedError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'StoreReplacedError';
  /** The two stores, the earlier first; empty if the keys and not the cluster ids showed the replacement. */
  readonly stores: readonly ObservedStore[];

  constructor(message: string, stores: readonly ObservedStore[] = []) {
    super(message, { code: Code.ABORTED, verdict: 'not-applied' });
    this.stores = stores;
  }
}

/** The lease does not exist: it has expired, was revoked, or was never granted. */
export class LeaseNotFoundError extends EtcdError {
  static {
    brand(LeaseNotFoundError, 'LeaseNotFoundError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'LeaseNotFoundError';
}

/** The credentials lack a permission. */
export class PermissionDeniedError extends EtcdError {
  static {
    brand(PermissionDeniedError, 'PermissionDeniedError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'PermissionDeniedError';
}

/** The credentials are missing or wrong, or the token has expired. */
export class UnauthenticatedError extends EtcdError {
  static {
    brand(UnauthenticatedError, 'UnauthenticatedError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'UnauthenticatedError';
}
