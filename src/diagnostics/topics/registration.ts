import { type EtcdError, escapeControls } from '../../errors/index.js';
import { info, type LogLine, warn } from '../log.js';
import { defineTopic } from '../topic.js';

/**
 * Why the state of a registration changed. `started`: the registration begins; `stored`: the record is stored;
 * `lease-ended`, `deleted`, `replaced`: the record was lost; `conflict`: another process's record has the key; `failed`:
 * a request failed and is repeated; `updated`: `update()` or another writer changed the record; `draining`, `closed`: the
 * owner ends it.
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
export interface RegistrationDiagnostics {
  /** The kind of the event. */
  readonly type: 'state';
  /** The key of the record. */
  readonly key: string;
  /** The address in the record. */
  readonly addr: string;
  /** The state now; see {@link RegistrationState}. */
  readonly state: 'registering' | 'registered' | 'outdated' | 'waiting' | 'draining' | 'closed';
  /** The state before; the same one if only a cause is reported, such as a repeated failure. */
  readonly previous: RegistrationDiagnostics['state'];
  /** Why the event was published. */
  readonly cause: RegistrationCause;
  /** The error of the request or of the lost lease; undefined for other causes. */
  readonly error?: EtcdError | undefined;
}

export const registrationTopic = defineTopic<RegistrationDiagnostics>('registration', describe);

function describe({ key, addr, state, cause, error }: RegistrationDiagnostics): LogLine {
  const why = error ? `: ${error.message}` : '';
  const text = escapeControls(`the registration of ${addr} at '${key}' is ${state} (${cause})${why}`);
  return error || state === 'outdated' || state === 'waiting' ? warn(text) : info(text);
}
