import { Code } from './code.js';
import { EtcdError } from './etcd-error.js';
import type { TlsReason } from './tls-reason.js';

/**
 * No connection, because of TLS: a certificate, a name, a file, or one side speaking TLS and the other not. Nothing was
 * sent. A call gets it as soon as no member is left that fails otherwise, since waiting rarely mends it; the next
 * call tries afresh, files included. Watches and kept leases go on trying.
 */
export class TlsError extends EtcdError {
  override readonly name = 'TlsError';
  declare readonly reason: TlsReason;

  constructor(message: string, reason: TlsReason, cause?: unknown) {
    super(message, { code: Code.UNAVAILABLE, verdict: 'not-applied', cause, reason });
  }
}
