import { type EtcdError, escapeControls } from '../../errors/index.js';
import type { LeaseId, Revision } from '../../model/index.js';
import { debug, info, type LogLine, warn } from '../log.js';
import { defineTopic } from '../topic.js';

/**
 * Why an endpoint vanished, as far as it can be known afterwards.
 * - `drained`: its last record had the status `draining`: its server announced the end;
 * - `deleted`: the record was deleted while its lease was alive, or had no lease: by an operator, or by a server that
 *   deletes its record;
 * - `lease-ended`: its lease has ended: it expired, as after a crash, or it was revoked;
 * - `store-replaced`: the store was wiped, restored or replaced;
 * - `unknown`: etcd could not be asked in time.
 */
export type DepartureReason = 'drained' | 'deleted' | 'lease-ended' | 'store-replaced' | 'unknown';

/** An event of `etcd-naming:directory`: the services that a directory follows. */
export type DirectoryDiagnostics =
  | {
      /** The state or the source of the view changed; see {@link ServiceStatus}. */
      readonly type: 'state';
      /** The target of the service. */
      readonly target: string;
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
      /** The target of the service. */
      readonly target: string;
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
      /** An endpoint is in the view no longer, or only as an unconfirmed loss. */
      readonly type: 'departed';
      /** The target of the service. */
      readonly target: string;
      /** The key of its record. */
      readonly key: string;
      /** The address in its record. */
      readonly addr: string;
      /** The lease of its record; 0 without one. */
      readonly lease: LeaseId;
      /** Why it departed, as far as it can be known. */
      readonly reason: DepartureReason;
      /** Whether the remaining TTL of its lease was seen near zero before: the lease probably expired. */
      readonly likelyExpired: boolean;
    }
  | {
      /** Endpoints that the store no longer has stay visible until their loss is confirmed. */
      readonly type: 'loss-protection-started';
      /** The target of the service. */
      readonly target: string;
      /** The number of endpoints whose loss is unconfirmed. */
      readonly unconfirmed: number;
      /** The number of visible endpoints, those included. */
      readonly endpoints: number;
    }
  | {
      /** No loss is unconfirmed any more: the losses were confirmed, or the endpoints returned. */
      readonly type: 'loss-protection-ended';
      /** The target of the service. */
      readonly target: string;
      /** The number of visible endpoints now. */
      readonly endpoints: number;
      /** How long endpoints were protected, in milliseconds. */
      readonly durationMs: number;
    }
  | {
      /** A read failed. It is repeated; a known view stays as it is. */
      readonly type: 'failure';
      /** The target of the service. */
      readonly target: string;
      /** Why the read failed. */
      readonly error: EtcdError;
    };

export const directoryTopic = defineTopic<DirectoryDiagnostics>('directory', describe);

function describe(event: DirectoryDiagnostics): LogLine {
  const service = escapeControls(`service '${event.target}'`);
  switch (event.type) {
    case 'state':
      return info(`${service} is ${event.state} (${event.source}), with ${event.endpoints} endpoints`);
    case 'endpoints':
      return debug(
        `${service} has ${event.endpoints} endpoints at revision ${event.revision}: ${event.added} added, ${event.changed} changed, ${event.removed} removed`,
      );
    case 'departed':
      return info(`${service} lost ${escapeControls(event.addr)}: ${event.reason}${expiredNote(event)}`);
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

function expiredNote({ likelyExpired }: { readonly likelyExpired: boolean }): string {
  return likelyExpired ? ', likely expired' : '';
}
