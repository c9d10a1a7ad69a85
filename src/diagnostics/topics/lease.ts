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
      /** A lease is kept alive no longer. */
      readonly type: 'ended';
      /** The lease. */
      readonly lease: LeaseId;
      /** See {@link LeaseEndReason}. */
      readonly reason: string;
      /** The last failure before it ended, if that is the cause. */
      readonly error?: EtcdError | undefined;
    };

export const leaseTopic = defineTopic<LeaseDiagnostics>('lease', describe);

function describe(event: LeaseDiagnostics): LogLine {
  const lease = `lease ${formatLeaseId(event.lease)}`;
  switch (event.type) {
    case 'held':
      return debug(`${lease} is kept alive with a TTL of ${event.ttlSeconds} s`);
    case 'ended': {
      const why = event.error ? `: ${event.error.message}` : '';
      const text = escapeControls(`${lease} ended (${event.reason})${why}`);
      return event.reason === 'revoked' || event.reason === 'closed' ? info(text) : warn(text);
    }
  }
}
