import { type EtcdError, escapeControls } from '../../errors/index.js';
import type { LeaseId, Revision } from '../../model/index.js';
import { debug, info, type LogLine, warn } from '../log.js';
import { defineTopic } from '../topic.js';

/**
 * Why an endpoint departed, as far as it can be known afterwards. The first of these that applies:
 * - `drained`: its last record had the status `draining`: its server announced the end;
 * - `store-replaced`: the store was wiped, restored or replaced, and the endpoint did not register again;
 * - `invalid`: its key has a value that is not an endpoint;
 * - `deleted`: the record had no lease, or its lease was alive when it was looked up: an operator deleted the record, or a
 *   server that keeps its lease;
 * - `lease-ended`: its lease had ended when it was looked up: it had expired, as after a crash, or was revoked. etcd does
 *   not distinguish the two;
 * - `unknown`: etcd did not answer within 3 s, refused, or was not asked because too many endpoints departed at once. A
 *   client looks up at most 64 leases at once, 4 at a time, and 8 more for each second that passes.
 */
export type DepartureReason =
  | 'drained'
  | 'store-replaced'
  | 'invalid'
  | 'deleted'
  | 'lease-ended'
  | 'unknown';

/** An event of `etcd-naming:directory`: the services that a directory follows. */
export type DirectoryDiagnostics =
  | {
      /**
       * The state or the source of the view changed; see {@link ServiceStatus}. A first view is `memory` until the watch
       * that follows its list is live.
       */
      readonly type: 'state';
      /** The target of the service. In a namespace, its prefix comes first. */
      readonly target: string;
      /** The name of the codec, of several separated by commas; absent for the format of Go. */
      readonly codec?: string;
      /** `unknown`: no view yet; `empty`: the target is known to have no endpoints; `known`: it has endpoints. */
      readonly state: 'unknown' | 'empty' | 'known';
      /** Where the view comes from. */
      readonly source: 'live' | 'memory' | 'disk' | 'none';
      /** The number of visible endpoints. */
      readonly endpoints: number;
    }
  | {
      /** The visible endpoints changed. */
      readonly type: 'endpoints';
      /** The target of the service. In a namespace, its prefix comes first. */
      readonly target: string;
      /** The name of the codec, of several separated by commas; absent for the format of Go. */
      readonly codec?: string;
      /** The revision of the view after the change. */
      readonly revision: Revision;
      /** The number of visible endpoints after the change. */
      readonly endpoints: number;
      /** How many endpoints were added. */
      readonly added: number;
      /** How many changed their address or metadata. */
      readonly changed: number;
      /** How many are visible no longer. */
      readonly removed: number;
    }
  | {
      /**
       * An endpoint left the view. One that loss protection keeps visible departs when its loss is confirmed, once. An
       * address that the store has under another key does not depart.
       */
      readonly type: 'departed';
      /** The target of the service. In a namespace, its prefix comes first. */
      readonly target: string;
      /** The name of the codec, of several separated by commas; absent for the format of Go. */
      readonly codec?: string;
      /** The key of its last record, as the server sees it. */
      readonly key: string;
      /** The address in its record. */
      readonly addr: string;
      /** The lease of its last record; 0 without one. */
      readonly lease: LeaseId;
      /** Why it departed, as far as it can be known. */
      readonly reason: DepartureReason;
      /** The revision of the first view without it. */
      readonly revision: Revision;
    }
  | {
      /** Endpoints that the store no longer has stay visible until their loss is confirmed. */
      readonly type: 'loss-protection-started';
      /** The target of the service. In a namespace, its prefix comes first. */
      readonly target: string;
      /** The name of the codec, of several separated by commas; absent for the format of Go. */
      readonly codec?: string;
      /** The number of endpoints whose loss is unconfirmed. */
      readonly unconfirmed: number;
      /** The number of visible endpoints, those included. */
      readonly endpoints: number;
    }
  | {
      /** No loss is unconfirmed any more: the losses were confirmed, or the endpoints returned. */
      readonly type: 'loss-protection-ended';
      /** The target of the service. In a namespace, its prefix comes first. */
      readonly target: string;
      /** The name of the codec, of several separated by commas; absent for the format of Go. */
      readonly codec?: string;
      /** The number of visible endpoints now. */
      readonly endpoints: number;
      /** How long endpoints were protected, in milliseconds. */
      readonly durationMs: number;
    }
  | {
      /** A read failed. It is repeated; a known view stays as it is. */
      readonly type: 'failure';
      /** The target of the service. In a namespace, its prefix comes first. */
      readonly target: string;
      /** The name of the codec, of several separated by commas; absent for the format of Go. */
      readonly codec?: string;
      /** Why the read failed. */
      readonly error: EtcdError;
    };

export const directoryTopic = defineTopic<DirectoryDiagnostics>('directory', describe);

function describe(event: DirectoryDiagnostics): LogLine {
  const service = escapeControls(`service '${event.target}'${event.codec ? ` (${event.codec})` : ''}`);
  switch (event.type) {
    case 'state':
      return info(`${service} is ${event.state} (${event.source}), with ${event.endpoints} endpoints`);
    case 'endpoints':
      return debug(
        `${service} has ${event.endpoints} endpoints at revision ${event.revision}: ${event.added} added, ${event.changed} changed, ${event.removed} removed`,
      );
    case 'departed':
      return info(`${service} lost ${escapeControls(event.addr)}: ${event.reason}`);
    case 'loss-protection-started':
      return warn(
        `${service} keeps ${event.unconfirmed} of ${event.endpoints} endpoints whose loss is unconfirmed`,
      );
    case 'loss-protection-ended':
      return info(
        `${service} has ${event.endpoints} endpoints after ${Math.round(event.durationMs)} ms of loss protection`,
      );
    case 'failure':
      return warn(escapeControls(`${service} cannot be read: ${event.error.message}`));
  }
}
