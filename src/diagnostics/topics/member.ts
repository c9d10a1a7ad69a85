import { type EtcdError, escapeControls } from '../../errors/index.js';
import { debug, info, type LogLine, warn } from '../log.js';
import { defineTopic } from '../topic.js';

/** An event of `etcd-naming:member`: the health of members, and the list of them. */
export type MemberDiagnostics =
  | {
      /**
       * The member failed. Calls use another member until a probe succeeds. Published once until it recovers or leaves the
       * list, and again for another failure, but at most once in 5 s; the metrics have the failure of the moment.
       */
      readonly type: 'unhealthy';
      /** The member's endpoint, as in the client's options. */
      readonly endpoint: string;
      /** How it failed; see {@link MemberFailure}. */
      readonly failure: string;
      /** The error of the failed call; undefined if the member was silent. */
      readonly error?: EtcdError | undefined;
    }
  | {
      /** A probe or a call succeeded. Calls may use the member again. */
      readonly type: 'recovered';
      /** The member's endpoint. */
      readonly endpoint: string;
    }
  | {
      /** A sync or the answers of DNS changed the list of members. */
      readonly type: 'list-changed';
      /** All endpoints in use after the change. */
      readonly endpoints: readonly string[];
    }
  | {
      /**
       * A periodic sync of the member list failed (`sync-failed`), or a host name or the SRV records cannot be resolved
       * (`resolution-failed`). It is retried.
       */
      readonly type: 'sync-failed' | 'resolution-failed';
      /** What failed. */
      readonly error: EtcdError;
    }
  | {
      /**
       * An answer had another cluster id than those before it: the store was replaced, or the endpoints name two clusters.
       * The client continues with the new store.
       */
      readonly type: 'store-replaced';
      /** A {@link StoreReplacedError}. */
      readonly error: EtcdError;
    };

export const memberTopic = defineTopic<MemberDiagnostics>('member', describe);

function describe(event: MemberDiagnostics): LogLine {
  switch (event.type) {
    case 'unhealthy': {
      const why = event.error ? `: ${event.error.message}` : '';
      return warn(escapeControls(`member ${event.endpoint} is unhealthy (${event.failure})${why}`));
    }
    case 'recovered':
      return info(`member ${event.endpoint} recovered`);
    case 'list-changed':
      return info(`the members are now ${event.endpoints.join(', ')}`);
    case 'sync-failed':
      return warn(escapeControls(`the sync of the member list failed: ${event.error.message}`));
    case 'resolution-failed':
      return debug(escapeControls(`a name cannot be resolved: ${event.error.message}`));
    case 'store-replaced':
      return warn(escapeControls(event.error.message));
  }
}
