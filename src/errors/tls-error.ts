import { brand } from './brand.js';
import { Code } from './code.js';
import { EtcdError, type TriedMember } from './etcd-error.js';
import type { TlsReason } from './tls-reason.js';

/**
 * No connection, because of TLS: a certificate, a name, a file, or one side speaking TLS and the other not. Nothing was
 * sent. A call gets it as soon as no member is left that fails otherwise, since waiting rarely mends it; the next
 * call tries afresh, files included. Watches and kept leases go on trying. Where several members were tried, the text
 * and `tried` have each of them, `reason` and `cause` are those of the first.
 */
export class TlsError extends EtcdError {
  static {
    brand(TlsError, 'TlsError');
  }

  override readonly name = 'TlsError';
  declare readonly reason: TlsReason;
  /** Every member that was tried, and what is wrong with its TLS. */
  readonly tried: readonly TriedMember[];

  constructor(message: string, reason: TlsReason, tried: readonly TriedMember[], cause?: unknown) {
    super(message, { code: Code.UNAVAILABLE, verdict: 'not-applied', cause, reason });
    this.tried = tried;
  }
}
