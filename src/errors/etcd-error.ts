import { brand } from './brand.js';
import { Code, codeName } from './code.js';
import type { ErrorReason } from './error-reason.js';
import { escapeControls } from './escape-controls.js';
import type { TlsReason } from './transport/tls-reason.js';
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
