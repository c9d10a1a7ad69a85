import { type EtcdError, escapeControls } from '../../errors/index.js';
import { info, type LogLine, warn } from '../log.js';
import { defineTopic } from '../topic.js';

/**
 * Why a registration changed. `started`: the registration begins; `stored`: the record is stored, for the first time or
 * again; `lease-ended`, `deleted`, `replaced`: the record was lost, because its lease ended, an operator deleted it, or
 * another writer overwrote it; `conflict`: another registration's record has the key; `failed`: a request failed, and is
 * repeated unless the state is `closed`; `updated`: `update()`, `drain()` or another writer changed the record;
 * `draining`: `drain()` was called; `closed`: the owner or the client closed the registration.
 */
export type RegistrationCause =
  | 'started'
  | 'stored'
  | 'lease-ended'
  | 'deleted'
  | 'replaced'
  | 'conflict'
  | 'failed'
  | 'updated'
  | 'draining'
  | 'closed';

/** An event of `etcd-naming:registration`. */
export type RegistrationDiagnostics =
  | {
      /** The state changed, or something happened that leaves it as it is, such as a repeated failure. */
      readonly type: 'state';
      /** The key of the record, as the server sees it. */
      readonly key: string;
      /** The address in the record. */
      readonly addr: string;
      /** The state now; see {@link RegistrationState}. */
      readonly state: 'registering' | 'registered' | 'outdated' | 'waiting' | 'draining' | 'closed';
      /** The state in the event before; the same one if only the cause is new. */
      readonly previous: 'registering' | 'registered' | 'outdated' | 'waiting' | 'draining' | 'closed';
      /** Why the event was published. */
      readonly cause: RegistrationCause;
      /** The error of `failed`, `conflict`, `replaced`, and mostly of `lease-ended`. It does not quote another record. */
      readonly error?: EtcdError | undefined;
    }
  | {
      /** The registration has ended: the last event, after the state `closed`. */
      readonly type: 'ended';
      /** The key of the record, as the server sees it. */
      readonly key: string;
      /** The address in the record. */
      readonly addr: string;
      /** How it ended; see {@link RegistrationEnd}. */
      readonly reason: 'closed' | 'deleted' | 'replaced';
      /** How long the record may still exist, in milliseconds, because its lease could not be revoked. */
      readonly expiresInMs?: number | undefined;
    };

export const registrationTopic = defineTopic<RegistrationDiagnostics>('registration', describe);

function describe(event: RegistrationDiagnostics): LogLine {
  const { key, addr } = event;
  const subject = `the registration of ${addr} at '${key}'`;
  if (event.type === 'ended') {
    const { reason, expiresInMs } = event;
    const text = escapeControls(`${subject} has ended (${reason})`);
    return expiresInMs === undefined ? info(text) : warn(`${text}; its record remains for ${expiresInMs} ms`);
  }
  const { state, cause, error } = event;
  const why = error ? `: ${error.message}` : '';
  const text = escapeControls(`${subject} is ${state} (${cause})${why}`);
  return error || state === 'outdated' || state === 'waiting' ? warn(text) : info(text);
}
