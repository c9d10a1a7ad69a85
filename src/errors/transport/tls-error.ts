import { brand } from '../brand.js';
import type { TriedMember } from '../call-errors.js';
import { Code } from '../code.js';
import { EtcdError } from '../etcd-error.js';
import type { TlsReason } from './tls-reason.js';

/**
 * TLS prevents the connection: a certificate, a name, a file, or only one side uses TLS. Nothing was sent. A call rejects
 * with this error once every member has failed because of TLS, because waiting rarely helps; the next call tries again
 * and reads the files again. Watches and held leases keep trying. After attempts on several members, the message and
 * `tried` list each of them; `reason` and `cause` are those of the first.
 */
export class TlsError extends EtcdError {
  static {
    brand(TlsError, 'TlsError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'TlsError';
  /** What is wrong with the connection or a certificate. */
  declare readonly reason: TlsReason;
  /** Every member that was tried, with the problem of its TLS. */
  readonly tried: readonly TriedMember[];

  constructor(message: string, reason: TlsReason, tried: readonly TriedMember[], cause?: unknown) {
    super(message, { code: Code.UNAVAILABLE, verdict: 'not-applied', cause, reason });
    this.tried = tried;
  }
}
