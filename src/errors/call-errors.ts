import { brand } from './brand.js';
import { Code } from './code.js';
import { EtcdError } from './etcd-error.js';
import type { Verdict } from './verdict.js';

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

/**
 * `kv.update` gave up, because other clients wrote the key between each of its reads and writes. Nothing was written;
 * see `verdict` for an exception. Call it again later, or reduce the number of clients that write the key.
 */
export class ContentionError extends EtcdError {
  static {
    brand(ContentionError, 'ContentionError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'ContentionError';
  /** The number of transactions that were sent. */
  readonly attempts: number;

  /** @param key The key, printable. */
  constructor(key: string, attempts: number) {
    super(`'${key}' was changed by other clients before each of ${attempts} writes`, {
      code: Code.ABORTED,
      verdict: 'not-applied',
    });
    this.attempts = attempts;
  }
}
