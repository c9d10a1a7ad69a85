import { Code, codeName } from './code.js';

/**
 * What is known about a request that failed, and so whether it may be sent again.
 * - `not-applied`: etcd surely did not carry it out; anything may be sent again.
 * - `maybe-applied`: it may have been carried out; only reads and idempotent requests may be sent again.
 * - `final`: etcd refused it for a reason that another attempt will not change.
 */
export type Verdict = 'not-applied' | 'maybe-applied' | 'final';

export interface EtcdErrorFields {
  readonly code: Code;
  readonly verdict?: Verdict;
  readonly cause?: unknown;
  /** etcd's own words, without the gRPC decoration some of its texts carry. */
  readonly serverText?: string;
}

/**
 * The base of every error this library throws on purpose. The message starts with the gRPC code's name.
 * A subclass exists only where a caller acts differently.
 */
export class EtcdError extends Error {
  override readonly name: string = 'EtcdError';
  readonly code: Code;
  /** Whether the request that failed may be sent again. Default `final`. */
  readonly verdict: Verdict;
  /** etcd's own words where etcd answered, else undefined. */
  readonly serverText: string | undefined;

  constructor(message: string, fields: EtcdErrorFields) {
    super(
      `${codeName(fields.code)}: ${message}`,
      fields.cause === undefined ? undefined : { cause: fields.cause },
    );
    this.code = fields.code;
    this.verdict = fields.verdict ?? 'final';
    this.serverText = fields.serverText;
  }
}

/** Input that was refused here, before anything was sent. The text names the argument and its value. */
export class InvalidInputError extends EtcdError {
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
  readonly times: number;
}

/** The call's deadline passed. A write may have been applied; see `verdict`. */
export class DeadlineError extends EtcdError {
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
    super(message, { code: Code.DEADLINE_EXCEEDED, verdict: 'maybe-applied', ...rest });
    this.tried = tried;
  }
}

/**
 * A write whose answer was lost: it may or may not have been applied, and it was not sent again.
 * Read back before trying again, or pass `idempotent: true` where a second application does no harm.
 */
export class AmbiguousWriteError extends EtcdError {
  override readonly name = 'AmbiguousWriteError';
  /** The RPC, e.g. `Put`. */
  readonly operation: string;
  /** The member that it was sent to, as the client was given it. */
  readonly member: string;

  constructor(operation: string, member: string, cause: EtcdError) {
    super(`${operation} on ${member} may have been applied: ${cause.message}`, {
      code: cause.code,
      verdict: 'maybe-applied',
      cause,
      ...(cause.serverText === undefined ? {} : { serverText: cause.serverText }),
    });
    this.operation = operation;
    this.member = member;
  }
}

/** History at the asked revision is gone. List again, then watch from the list's revision + 1. */
export class CompactedError extends EtcdError {
  override readonly name = 'CompactedError';
  /** The oldest revision still readable; 0 when the server did not say. */
  readonly compactRevision: bigint;

  constructor(message: string, compactRevision: bigint) {
    super(message, { code: Code.OUT_OF_RANGE, serverText: message });
    this.compactRevision = compactRevision;
  }
}

/**
 * The store's revision went back: it was wiped or restored from a backup. What a watch knew is void, and its revision
 * may one day be reached again by other events. List again.
 */
export class RolledBackError extends EtcdError {
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

/** The lease does not exist: it expired, was revoked, or was never granted. */
export class LeaseNotFoundError extends EtcdError {
  override readonly name = 'LeaseNotFoundError';
}

/** The credentials lack a permission. */
export class PermissionDeniedError extends EtcdError {
  override readonly name = 'PermissionDeniedError';
}

/** No credentials, wrong ones, or an expired token. */
export class UnauthenticatedError extends EtcdError {
  override readonly name = 'UnauthenticatedError';
}
