import { type EtcdError, escapeControls } from '../../errors/index.js';
import { formatLeaseId, type LeaseId } from '../../model/index.js';
import { debug, info, type LogLine, warn } from '../log.js';
import { defineTopic } from '../topic.js';

/** An event of `etcd-naming:lease`: the leases that a client keeps alive. */
export type LeaseDiagnostics =
  | {
      /** A lease was granted and is kept alive. */
      readonly type: 'held';
      /** The lease. */
      readonly lease: LeaseId;
      /** The TTL that etcd granted, in seconds. */
      readonly ttlSeconds: number;
    }
  | {
      /** The stream of the renewals was lost. It is reopened, and renewals without an answer are sent again. */
      readonly type: 'stream-lost';
      /** The number of leases that are kept alive. */
      readonly held: number;
      /** Why the stream was lost. */
      readonly error: EtcdError;
    }
  | {
      /** A lease is kept alive no longer. */
      readonly type: 'ended';
      /** The lease. */
      readonly lease: LeaseId;
      /** See {@link LeaseEndReason}. */
      readonly reason: 'expired' | 'lost-contact' | 'unauthorized' | 'revoked' | 'closed';
      /** With `expired` and `unauthorized`, etcd's refusal; with `lost-contact`, the last failure of the stream, if any. */
      readonly error?: EtcdError | undefined;
      /** Only with `lost-contact`: milliseconds since the last acknowledged renewal was sent. */
      readonly unacknowledgedMs?: number;
    };

export const leaseTopic = defineTopic<LeaseDiagnostics>('lease', describe);

function describe(event: LeaseDiagnostics): LogLine {
  switch (event.type) {
    case 'held':
      return debug(`lease ${formatLeaseId(event.lease)} is kept alive with a TTL of ${event.ttlSeconds} s`);
    case 'stream-lost':
      return info(
        escapeControls(`the stream that renews ${event.held} leases was lost: ${event.error.message}`),
      );
    case 'ended': {
      const { lease, reason, error, unacknowledgedMs: ms } = event;
      const silence = ms === undefined ? '' : `, ${Math.round(ms)} ms after the last acknowledged renewal`;
      const why = error ? `: ${error.message}` : '';
      const text = escapeControls(`lease ${formatLeaseId(lease)} ended (${reason})${silence}${why}`);
      return reason === 'revoked' || reason === 'closed' ? info(text) : warn(text);
    }
  }
}
